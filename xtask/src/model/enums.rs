//! `types/enums.rs`: strings of which the model lists every value.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::ModelError;
use super::names::pascal;
use super::served::Served;
use super::service::{Service, Shape};

pub(super) fn render(service: &Service, served: &Served) -> Result<String, ModelError> {
    let mut out =
        String::from("use serde::{Deserialize, Serialize};\n\nuse crate::scalar::UnknownValue;\n");
    for name in &served.shapes {
        let shape = service.shape(name)?;
        if !shape.values.is_empty() {
            out.push_str(&one(name, shape)?);
        }
    }
    Ok(out)
}

fn one(name: &str, shape: &Shape) -> Result<String, ModelError> {
    let type_name = pascal(name);
    let mut variants = String::new();
    let mut all = String::new();
    let mut names = String::new();
    let mut seen = BTreeSet::new();
    for value in &shape.values {
        let variant = pascal(value);
        if variant.is_empty() || !seen.insert(variant.clone()) {
            let problem = format!("{name}: value {value:?} gives no variant of its own");
            return Err(ModelError::Unsupported(problem));
        }
        let _ = writeln!(variants, "#[serde(rename = {value:?})]\n{variant},");
        let _ = writeln!(all, "Self::{variant},");
        let _ = writeln!(names, "Self::{variant} => {value:?},");
    }
    let count = shape.values.len();
    Ok(format!(
        "\n/// AWS's enumeration `{name}`.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, \
         Deserialize)]\n\
         pub enum {type_name} {{\n{variants}}}\n\n\
         impl {type_name} {{\n\
         /// Every value, in the model's order.\n\
         pub const ALL: [Self; {count}] = [\n{all}];\n\n\
         /// The value as it is written on the wire.\n\
         pub const fn as_str(self) -> &'static str {{ match self {{\n{names}}} }}\n}}\n\n\
         impl std::str::FromStr for {type_name} {{\n\
         type Err = UnknownValue;\n\n\
         fn from_str(text: &str) -> Result<Self, UnknownValue> {{\n\
         Self::ALL.into_iter().find(|value| value.as_str() == text)\
         .ok_or(UnknownValue {{ enumeration: {name:?} }})\n}}\n}}\n\n\
         impl std::fmt::Display for {type_name} {{\n\
         fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n\
         out.write_str(self.as_str())\n}}\n}}\n"
    ))
}
