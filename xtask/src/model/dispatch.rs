//! `dispatch.rs` of the control crate: from an operation to the function that does it.

use std::fmt::Write;

use super::served::Served;

pub(super) fn render(served: &Served) -> String {
    let mut arms = String::new();
    for (name, operation) in &served.operations {
        let (noun, verb) = &operation.at;
        let function = format!("crate::{noun}::{verb}::{verb}");
        let handler = match operation.is_told_caller {
            true => format!("|control, input| {function}(control, caller, input)"),
            false => function,
        };
        let _ = writeln!(arms, "Operation::{name} => run(control, input, {handler}).await,");
    }
    format!(
        "use fleetward_wire::Operation;\nuse serde_json::Value;\n\n\
         use crate::caller::Caller;\nuse crate::control::{{Control, run}};\n\
         use crate::prepared::Prepared;\nuse crate::refusal::Refusal;\n\n\
         /// Prepares what the operation does with this input of that caller.\n\
         ///\n/// # Errors\n/// Those of the operation.\n\
         pub(crate) async fn dispatch(control: &Control, caller: &Caller, operation: Operation, \
         input: &Value) -> Result<Prepared<Value>, Refusal> {{ match operation {{\n{arms}\
         _ => Err(Refusal::NotServed),\n}} }}\n"
    )
}
