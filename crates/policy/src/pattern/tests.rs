use proptest::prelude::*;

use super::*;

const ALL: Syntax = Syntax { wildcards: true, variables: true, ignores_case: false };

fn compile(source: &str, syntax: Syntax) -> Pattern {
    Pattern::compile(source, syntax).unwrap()
}

fn is_match(source: &str, text: &str) -> bool {
    compile(source, ALL).matches(text, &Context::new())
}

#[test]
fn stars_reach_over_slashes_and_question_marks_are_one_character() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "a/b:c", true),
        ("a*", "a", true),
        ("a*", "ba", false),
        ("*a", "ba", true),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("a*b*c", "abc", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "acb", false),
        ("?", "", false),
        ("?", "a", true),
        ("?", "é", true),
        ("?", "\u{1F600}", true),
        ("??", "é", false),
        ("*?", "", false),
        ("*?", "abc", true),
        ("a?*?b", "a12b", true),
        ("a?*?b", "a1b", false),
        ("*ab?d*", "xxabcabcdyy", true),
        ("*aab*", "aaab", true),
        ("**a**", "a", true),
        ("A", "a", false),
        ("a[b]", "a[b]", true),
        ("a\\*", "a\\bc", true),
        ("topic/+", "topic/a", false),
        ("topic/#", "topic/#", true),
    ] {
        assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn actions_do_not_depend_on_case() {
    let syntax = Syntax { ignores_case: true, ..ALL };
    let action = |source, text| compile(source, syntax).matches(text, &Context::new());
    assert!(action("iot:Pub*", "IOT:publish"));
    assert!(action("*:publish", "iot:Publish"));
    assert!(action("iot:*B*lish", "iot:publish"));
    assert!(action("iot:?ublish", "IoT:PUBLISH"));
    assert!(!action("iot:Publish", "iot:Publis"));
    assert!(!action("iot:é", "iot:É"));
    assert!(!action("xé", "é"));
}

#[test]
fn placeholders_of_special_characters_are_plain_characters() {
    assert!(is_match("a${*}b", "a*b"));
    assert!(!is_match("a${*}b", "axb"));
    assert!(is_match("${?}", "?"));
    assert!(!is_match("${?}", "a"));
    assert!(is_match("${$}{a}", "${a}"));
    assert!(is_match("a$b", "a$b"));
    assert!(is_match("$", "$"));
}

#[test]
fn a_value_is_taken_literally() {
    for value in ["*", "?", "a*", "${iot:ClientId}", "${*}", "a/b", "+", ""] {
        let mut context = Context::new();
        context.set_client_id(value);
        let pattern = compile("x/${iot:ClientId}/*/${iot:ClientId}", ALL);
        assert!(pattern.matches(&format!("x/{value}/y/{value}"), &context), "{value}");
        assert!(!pattern.matches(&format!("x/other{value}/y/{value}"), &context), "{value}");
        assert!(!pattern.matches("x/client/y/client", &context), "{value}");
    }
}

#[test]
fn a_variable_without_value_matches_nothing() {
    let pattern = compile("*${iot:ClientId}*", ALL);
    assert_eq!(pattern.compare("x${iot:ClientId}x", &Context::new()), Match::Unresolved);
    let mut several = Context::new();
    several.set_many("iot:ClientId", ["a", "b"]);
    assert_eq!(pattern.compare("a", &several), Match::Unresolved);
}

#[test]
fn broken_placeholders_are_refused() {
    for source in ["${", "a${b", "${}", "${a b}", "${a${b}", "${a, 'b'}", "${**}"] {
        assert!(Pattern::compile(source, ALL).is_err(), "{source}");
    }
    let plain = Syntax { variables: false, ..ALL };
    assert!(compile("${", plain).matches("${", &Context::new()));
}

/// None of these ends in a life if a star is tried again for each of those behind it.
#[test]
fn many_stars_are_not_many_choices() {
    let text = "a".repeat(20_000);
    assert!(!is_match(&format!("{}b", "*".repeat(10_000)), &text));
    assert!(!is_match(&format!("{}b", "*a".repeat(10_000)), &text));
    assert!(is_match(&"*a".repeat(10_000), &text));
    assert!(!is_match(&format!("{}b", "*?".repeat(10_000)), &text));
    assert!(!is_match(&format!("{}*b*", "*a?a".repeat(1_000)), &text));
    let half = "a".repeat(5_000);
    assert!(!is_match(&format!("*{half}?b*"), &text));
}

/// The meaning of a pattern, as slow as it is plain: `table[i]` says whether the text so far
/// is matched by the first `i` characters of the pattern.
fn is_match_by_table(pattern: &[Option<char>], text: &str) -> bool {
    // `Some('*')` and `Some('?')` are wildcards here, `None` stands for a literal star.
    let mut table = vec![false; pattern.len() + 1];
    table[0] = true;
    for i in 0..pattern.len() {
        table[i + 1] = table[i] && pattern[i] == Some('*');
    }
    for c in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for i in 0..pattern.len() {
            next[i + 1] = match pattern[i] {
                Some('*') => next[i] || table[i + 1] || table[i],
                Some('?') => table[i],
                Some(wanted) => table[i] && wanted == c,
                None => table[i] && c == '*',
            };
        }
        table = next;
    }
    table[pattern.len()]
}

proptest! {
    #[test]
    fn agrees_with_the_table(
        pattern in prop::collection::vec("[ab*?é]|\\$\\{\\*\\}", 0..10),
        text in "[abé*]{0,12}",
    ) {
        let character =
            |part: &String| if part.len() > 2 { None } else { part.chars().next() };
        let characters: Vec<_> = pattern.iter().map(character).collect();
        prop_assert_eq!(
            is_match(&pattern.concat(), &text),
            is_match_by_table(&characters, &text)
        );
    }

    #[test]
    fn a_variable_is_its_value_with_stars_escaped(
        before in "[ab*?]{0,4}", value in "[ab*]{0,3}", after in "[ab*?]{0,4}",
        text in "[ab*]{0,10}",
    ) {
        let mut context = Context::new();
        context.set_client_id(&value);
        let pattern = compile(&format!("{before}${{iot:ClientId}}{after}"), ALL);
        let escaped = format!("{before}{}{after}", value.replace('*', "${*}"));
        prop_assert_eq!(pattern.matches(&text, &context), is_match(&escaped, &text));
    }

    #[test]
    fn any_text_compiles_or_is_refused(source in ".{0,40}", text in ".{0,40}") {
        if let Ok(pattern) = Pattern::compile(&source, ALL) {
            pattern.matches(&text, &Context::new());
            prop_assert_eq!(pattern.source(), source);
        }
    }
}
