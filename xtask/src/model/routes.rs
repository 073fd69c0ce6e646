//! `routes.rs`: the route table, most particular path first.

use std::fmt::Write;

use super::service::Service;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    // The order is the order of trial: what is spelt out goes before what matches anything.
    Literal(&'a str),
    Label(&'a str),
    Greedy(&'a str),
}

pub(super) fn render(service: &Service) -> String {
    let mut routes: Vec<(Vec<Segment<'_>>, &str, &str)> = service
        .operations
        .iter()
        .map(|(name, operation)| (segments(&operation.uri), operation.method.as_str(), &**name))
        .collect();
    routes.sort();
    let mut rows = String::new();
    for (segments, method, name) in routes {
        let segments: Vec<String> =
            segments.iter().map(|segment| format!("Segment::{segment:?}")).collect();
        let _ = writeln!(
            rows,
            "Route {{ method: {method:?}, segments: &[{}], operation: Operation::{name} }},",
            segments.join(", ")
        );
    }
    format!(
        "use crate::generated::operations::Operation;\nuse crate::route::{{Route, Segment}};\n\n\
         /// Every route of the model; the first that matches is the one.\n\
         pub(crate) static ROUTES: &[Route] = &[\n{rows}];\n"
    )
}

fn segments(uri: &str) -> Vec<Segment<'_>> {
    let segment = |text| match inside_braces(text) {
        Some(label) => match label.strip_suffix('+') {
            Some(greedy) => Segment::Greedy(greedy),
            None => Segment::Label(label),
        },
        None => Segment::Literal(text),
    };
    uri.trim_start_matches('/').split('/').map(segment).collect()
}

fn inside_braces(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}
