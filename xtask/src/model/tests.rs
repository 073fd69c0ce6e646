//! The checked-in files are what the checked-in facts give; wrong rows do not generate.

use super::{Model, ModelError, stale_files, workspace_root};

#[test]
fn generating_again_changes_nothing() {
    let stale = stale_files(&workspace_root()).expect("the generator runs");
    assert_eq!(stale, Vec::<String>::new(), "run `cargo xtask model --rust-only`");
}

/// AWS's facts, cut down to one operation.
const AWS: &str = r#"{"botocore": "1", "operations": {
    "DescribeDimension": {"method": "GET", "uri": "/dimensions/{name}", "status": 200,
        "input": "DescribeDimensionRequest", "errors": ["InvalidRequestException"]}},
  "shapes": {
    "DescribeDimensionRequest": {"type": "structure", "members": [
        {"name": "name", "shape": "Name", "in": "label", "required": true},
        {"name": "names", "shape": "Names"}, {"name": "count", "shape": "Count"}]},
    "Name": {"type": "string", "max": 128},
    "Names": {"type": "list", "member": "Name"},
    "Count": {"type": "integer"},
    "InvalidRequestException": {"type": "structure", "members": [], "error": 400}}}"#;

/// An operation of our own, on a shape of AWS's.
const OWN: &str = r#"{"operations": {
    "ListDeadLetters": {"method": "GET", "uri": "/fleetward/v1/dead-letters/{name}", "status": 200,
        "input": "ListDeadLettersRequest", "output": "ListDeadLettersResponse",
        "errors": ["InvalidRequestException"]}},
  "shapes": {
    "ListDeadLettersRequest": {"type": "structure", "members": [
        {"name": "name", "shape": "Name", "in": "label", "required": true},
        {"name": "marker", "shape": "Name", "in": "query"},
        {"name": "pageSize", "shape": "Count", "in": "query"}]},
    "ListDeadLettersResponse": {"type": "structure",
        "members": [{"name": "ids", "shape": "Names"}]}}}"#;

const DEAD_LETTERS: &str =
    r#"ListDeadLetters = { at = "dead_letter::list", on = ["thing/{name}"] }"#;

/// One generated file of these facts and rows.
fn rendered(own: &str, rows: &str, file: &str) -> Result<String, ModelError> {
    let files = Model::read(AWS, own, rows)?.rust()?;
    let found = files.into_iter().find(|generated| generated.path.ends_with(file));
    found.map(|generated| generated.text).ok_or_else(|| ModelError::Missing(file.to_owned()))
}

fn refused(own: &str, rows: &str) -> String {
    rendered(own, rows, "dispatch.rs").expect_err(rows).to_string()
}

#[test]
fn an_operation_of_our_own_gets_all_that_one_of_awss_gets() {
    for (file, parts) in [
        ("dispatch.rs", &["Operation::ListDeadLetters", "crate::dead_letter::list::list"][..]),
        ("operations.rs", &["fleetward:ListDeadLetters", "is_served: true", "\"thing/\""]),
        ("routes.rs", &["Segment::Literal(\"dead-letters\"), Segment::Label(\"name\")"]),
        ("shapes.rs", &["LIST_DEAD_LETTERS_REQUEST"]),
        ("inputs.rs", &["pub struct ListDeadLettersRequest", "pub page_size: Option<i32>"]),
        ("outputs.rs", &["pub struct ListDeadLettersResponse"]),
        ("paging.rs", &["impl Listing for ListDeadLettersRequest", "self.marker.as_deref()"]),
    ] {
        let text = rendered(OWN, DEAD_LETTERS, file).expect(file);
        for part in parts {
            assert!(text.contains(part), "{file} lacks {part}:\n{text}");
        }
    }
    let model = Model::read(AWS, OWN, DEAD_LETTERS).expect("it generates");
    let reference = super::reference::render(&model.service, &model.served);
    let row = "| ListDeadLetters | `GET /fleetward/v1/dead-letters/{name}` | `thing/{name}` |";
    assert!(reference.contains(row), "{reference}");
    let readme = super::reference::readme("- 9 operations of the API", &model.served);
    assert_eq!(readme.expect("it is there"), "- 1 operations of the API");
}

#[test]
fn what_is_our_own_is_served_on_our_own_paths_and_takes_no_name_of_awss() {
    let told = refused(OWN, "");
    assert!(told.contains("ListDeadLetters") && told.contains("served.toml"), "{told}");
    let told = refused(&OWN.replace("/fleetward/v1/", "/"), DEAD_LETTERS);
    assert!(told.contains("must begin with /fleetward/v1/"), "{told}");
    let told = refused(&OWN.replace("ListDeadLetters\"", "DescribeDimension\""), DEAD_LETTERS);
    assert!(told.contains("DescribeDimension is AWS's already"), "{told}");
    let told = refused(&OWN.replace("\"ListDeadLettersResponse\":", "\"Name\":"), DEAD_LETTERS);
    assert!(told.contains("shape Name is AWS's already"), "{told}");
}

#[test]
fn a_row_says_whether_its_function_is_told_who_calls() {
    let row = |cell: &str| {
        format!("DescribeDimension = {{ at = \"dimension::describe\", on = [\"*\"]{cell} }}")
    };
    for (cell, call) in [
        ("", "run(control, input, crate::dimension::describe::describe)"),
        (", caller = true", "crate::dimension::describe::describe(control, caller, input)"),
    ] {
        let text = rendered("{}", &row(cell), "dispatch.rs").expect(cell);
        assert!(text.contains(call), "{cell}: {text}");
    }
}

#[test]
fn a_row_says_what_its_operation_is_authorised_on() {
    let row =
        |on: &str| format!("DescribeDimension = {{ at = \"dimension::describe\", on = {on} }}");
    for (on, facts) in [
        (r#"["dimension/{name}"]"#, r#"prefix: "dimension/", member: "name""#),
        (r#"["{name} | thing/{names}"]"#, r#"prefix: "thing/", member: "names""#),
        (r#"["*"]"#, "authorised_on: &[]"),
    ] {
        let text = rendered("{}", &row(on), "operations.rs").expect(on);
        assert!(text.contains(facts), "{on}: {text}");
    }
    for (on, problem) in [
        ("[]", "no resource"),
        (r#"["dimension/{nam}"]"#, "has no member \"nam\""),
        (r#"["dimesion/{name}"]"#, "\"dimesion/\" is no kind of resource"),
        (r#"["dimension{name}"]"#, "is no kind of resource followed by a slash"),
        (r#"["dimension/name"]"#, "neither kind/{member} nor {member}"),
        (r#"["*", "dimension/{name}"]"#, "neither kind/{member} nor {member}"),
        (r#"["thing/{count}"]"#, "\"count\" holds no text"),
    ] {
        let told = refused("{}", &row(on));
        assert!(told.contains("DescribeDimension") && told.contains(problem), "{on}: {told}");
    }
    let told = refused("{}", r#"DescribeDimension = { at = "dimension::describe" }"#);
    assert!(told.contains("missing field `on`"), "{told}");
    let told = refused("{}", r#"DescribeDimension = { at = "describe", on = ["*"] }"#);
    assert!(told.contains("is no noun::verb"), "{told}");
    let told = refused("{}", r#"DescribeNothing = { at = "a::b", on = ["*"] }"#);
    assert!(told.contains("no operation DescribeNothing"), "{told}");
}
