//! `operations.rs`: every operation of the model, served or not.

use std::fmt::Write;

use super::authorised_on::Template;
use super::served::{Served, ServedOperation};
use super::service::Service;

pub(super) fn render(service: &Service, served: &Served) -> String {
    let mut variants = String::new();
    let mut all = String::new();
    let mut facts = String::new();
    for (name, operation) in &service.operations {
        let _ = writeln!(
            variants,
            "/// `{} {}`\n{name},",
            operation.method,
            operation.uri.replace('[', "\\[")
        );
        let _ = writeln!(all, "Self::{name},");
        let _ = writeln!(
            facts,
            "Self::{name} => &OperationFacts {{ name: {name:?}, action: \"{}:{name}\", \
             method: {:?}, uri: {:?}, success_status: {}, input_shape: {:?}, \
             output_shape: {:?}, errors: &[{}], {} }},",
            operation.origin.action_prefix(),
            operation.method,
            operation.uri,
            operation.status,
            operation.input,
            operation.output,
            error_variants(&operation.errors),
            served_facts(served.operations.get(name)),
        );
    }
    let count = service.operations.len();
    format!(
        "use crate::error::ErrorCode;\n\
         use crate::operation::{{OperationFacts, ResourceTemplate}};\n\n\
         /// An operation of AWS IoT's API, or of our own.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         pub enum Operation {{\n{variants}}}\n\n\
         impl Operation {{\n\
         /// Every operation of the model, by name.\n\
         pub const ALL: [Self; {count}] = [\n{all}];\n\n\
         pub(crate) const fn facts(self) -> &'static OperationFacts {{ match self {{\n\
         {facts}}} }}\n}}\n"
    )
}

fn error_variants(errors: &[String]) -> String {
    let variants = errors.iter().map(|name| name.trim_end_matches("Exception"));
    variants.map(|variant| format!("ErrorCode::{variant}")).collect::<Vec<_>>().join(", ")
}

fn served_facts(served: Option<&ServedOperation>) -> String {
    let Some(served) = served else { return "is_served: false, authorised_on: &[]".to_owned() };
    let mut on = String::new();
    for alternatives in &served.on {
        on.push_str("&[");
        for Template { prefix, member } in alternatives {
            let _ = write!(on, "ResourceTemplate {{ prefix: {prefix:?}, member: {member:?} }},");
        }
        on.push_str("],");
    }
    format!("is_served: true, authorised_on: &[{on}]")
}
