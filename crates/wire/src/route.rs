//! From a method and a path to an operation.
//!
//! The path is split on raw `/` before its escapes are decoded: a name may hold `%2F`.

use percent_encoding::percent_decode_str;

use crate::generated::operations::Operation;
use crate::generated::routes::ROUTES;

/// A row of the generated route table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) segments: &'static [Segment],
    pub(crate) operation: Operation,
}

/// What stands between two slashes of a route.
#[derive(Debug)]
pub(crate) enum Segment {
    Literal(&'static str),
    Label(&'static str),
    /// Takes the rest of the path, slashes and all.
    Greedy(&'static str),
}

/// Why a request has no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No operation has this method and path.
    #[error("Unable to determine the operation: no operation has this method and path.")]
    UnknownOperation,
    /// A `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
    #[error("The path holds an escape that is not valid UTF-8 in percent encoding.")]
    MalformedEscape,
}

/// The decoded labels of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// The value of a label of the operation's path.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str())
    }
}

/// Finds the operation of a request line. `raw_path` is the path as it came, without the query.
///
/// # Errors
/// [`RouteError::UnknownOperation`] where AWS answers the same (a wrong method included);
/// [`RouteError::MalformedEscape`] where a label cannot be decoded.
pub fn route(method: &str, raw_path: &str) -> Result<(Operation, Labels), RouteError> {
    let path = raw_path.strip_prefix('/').ok_or(RouteError::UnknownOperation)?;
    let segments: Vec<&str> = path.split('/').collect();
    // A signature covers the path after its dot segments are resolved; the operation is found
    // before. Were they allowed, one signature would fit two operations. The same goes for empty
    // segments, but for the last one: some of the model's paths end in a slash.
    let (last, before) = segments.split_last().unwrap_or((&"", &[]));
    let is_resolved = |segment: &&str| matches!(*segment, "" | "." | "..");
    if before.iter().any(is_resolved) || matches!(*last, "." | "..") {
        return Err(RouteError::UnknownOperation);
    }
    let found = ROUTES.iter().find(|route| route.method == method && fits(route, &segments));
    let route = found.ok_or(RouteError::UnknownOperation)?;
    Ok((route.operation, labels(route, &segments)?))
}

fn fits(route: &Route, segments: &[&str]) -> bool {
    let ends_greedy = matches!(route.segments.last(), Some(Segment::Greedy(_)));
    let fits_length = if ends_greedy {
        segments.len() >= route.segments.len()
    } else {
        segments.len() == route.segments.len()
    };
    let matches = |(expected, raw): (&Segment, &&str)| match expected {
        Segment::Literal(literal) => literal == raw,
        Segment::Label(_) | Segment::Greedy(_) => !raw.is_empty(),
    };
    fits_length && route.segments.iter().zip(segments).all(matches)
}

fn labels(route: &Route, segments: &[&str]) -> Result<Labels, RouteError> {
    let mut labels = Vec::new();
    for (at, expected) in route.segments.iter().enumerate() {
        let rest = segments.get(at..).unwrap_or_default();
        match expected {
            Segment::Literal(_) => {}
            Segment::Label(name) => {
                let raw = rest.first().copied().unwrap_or_default();
                labels.push((*name, decode_escapes(raw)?));
            }
            Segment::Greedy(name) => labels.push((*name, decode_escapes(&rest.join("/"))?)),
        }
    }
    Ok(Labels(labels))
}

/// Decodes percent escapes, strictly.
pub(crate) fn decode_escapes(raw: &str) -> Result<String, RouteError> {
    let mut after_percent = raw.split('%').skip(1);
    let is_escape =
        |text: &str| text.as_bytes().iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2;
    if !after_percent.all(is_escape) {
        return Err(RouteError::MalformedEscape);
    }
    let decoded = percent_decode_str(raw).decode_utf8();
    decoded.map(Into::into).map_err(|_| RouteError::MalformedEscape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample_path(uri: &str) -> String {
        let segment = |text: &str| match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(label) if label.ends_with('+') => "sample%3Aone/two".to_owned(),
            Some(_) => "sample%2Fone".to_owned(),
            None => text.to_owned(),
        };
        uri.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn every_operation_routes_to_itself() {
        for operation in Operation::ALL {
            let path = sample_path(operation.uri());
            let (found, labels) = route(operation.method(), &path).unwrap();
            assert_eq!(found, operation, "{path}");
            for (name, value) in labels.0 {
                let greedy = operation.uri().contains(&format!("{{{name}+}}"));
                assert_eq!(value, if greedy { "sample:one/two" } else { "sample/one" });
            }
        }
    }

    #[test]
    fn what_is_spelt_out_goes_before_a_label() {
        let (operation, labels) = route("PUT", "/thing-groups/addThingToThingGroup").unwrap();
        assert_eq!(operation, Operation::AddThingToThingGroup);
        assert_eq!(labels, Labels::default());
    }

    #[test]
    fn a_label_is_decoded_after_the_split() {
        let (operation, labels) = route("GET", "/things/a%2Fb%3Ac").unwrap();
        assert_eq!(operation, Operation::DescribeThing);
        assert_eq!(labels.get("thingName"), Some("a/b:c"));
        assert_eq!(labels.get("other"), None);
    }

    #[test]
    fn the_rest_is_unknown_or_malformed() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", ""),
            ("GET", "/nothing/here"),
            ("BREW", "/things"),
            ("DELETE", "/things"),
            ("GET", "/authorizers"),
            ("GET", "/authorizers//"),
            ("GET", "//things"),
            ("GET", "/things/"),
            ("GET", "/things//"),
            ("GET", "/things/a/../b"),
            ("GET", "/things/.."),
            ("get", "/things"),
        ] {
            assert_eq!(route(method, path), Err(RouteError::UnknownOperation), "{method} {path}");
        }
        for path in ["/things/a%", "/things/a%2", "/things/%zz", "/things/%ff"] {
            assert_eq!(route("GET", path), Err(RouteError::MalformedEscape), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path in "/(things|jobs|[^/]{0,4})(/\\PC{0,6}){0,4}") {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let _ = route(method, &path);
            }
        }
    }
}
