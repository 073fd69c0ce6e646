//! `operations.rs`: every operation of the model, served or not.

use std::fmt::Write;

use super::served::Served;
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
            "Self::{name} => &OperationFacts {{ name: {name:?}, action: \"iot:{name}\", \
             method: {:?}, uri: {:?}, success_status: {}, input_shape: {:?}, \
             output_shape: {:?}, errors: &[{}], is_served: {} }},",
            operation.method,
            operation.uri,
            operation.status,
            operation.input,
            operation.output,
            error_variants(&operation.errors),
            served.operations.contains(name),
        );
    }
    let count = service.operations.len();
    format!(
        "use crate::error::ErrorCode;\nuse crate::operation::OperationFacts;\n\n\
         /// An operation of AWS IoT's API.\n\
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
