//! `error_codes.rs`: every error code with its HTTP status.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::ModelError;
use super::service::Service;

/// Errors that any operation may answer, whether or not its row in the model lists them.
/// Source: AWS IoT API Reference, "Common Errors", and what its endpoint answers.
const COMMON: [(&str, u16); 12] = [
    ("AccessDeniedException", 403),
    ("ExpiredTokenException", 403),
    ("IncompleteSignatureException", 403),
    ("InternalFailureException", 500),
    ("InvalidSignatureException", 403),
    ("MissingAuthenticationTokenException", 403),
    ("NotImplementedException", 400),
    ("SerializationException", 400),
    ("ServiceUnavailableException", 503),
    ("ThrottlingException", 400),
    ("UnknownOperationException", 404),
    ("UnrecognizedClientException", 403),
];

pub(super) fn render(service: &Service) -> Result<String, ModelError> {
    let modelled = service.shapes.iter().filter_map(|(name, shape)| Some((&**name, shape.error?)));
    // Where the model states a status, it is the model's.
    let codes: BTreeMap<&str, u16> = COMMON.into_iter().chain(modelled).collect();
    let common = COMMON.map(|(code, _)| format!("Self::{}", code.trim_end_matches("Exception")));
    if codes.keys().any(|code| !code.ends_with("Exception")) {
        return Err(ModelError::Unsupported("an error's name does not end in Exception".into()));
    }
    let mut variants = String::new();
    let mut names = String::new();
    let mut statuses: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (code, status) in &codes {
        let variant = code.trim_end_matches("Exception");
        let _ = writeln!(variants, "/// `{code}`, HTTP {status}.\n{variant},");
        let _ = writeln!(names, "Self::{variant} => {code:?},");
        statuses.entry(*status).or_default().push(format!("Self::{variant}"));
    }
    let statuses: String = statuses
        .iter()
        .map(|(status, variants)| format!("{} => {status},\n", variants.join(" | ")))
        .collect();
    Ok(format!(
        "/// AWS IoT's error codes: those of its model and those common to AWS's services.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n\
         pub enum ErrorCode {{\n{variants}}}\n\n\
         impl ErrorCode {{\n\
         /// The code as it stands in `x-amzn-ErrorType`.\n\
         pub const fn as_str(self) -> &'static str {{ match self {{\n{names}}} }}\n\n\
         /// The HTTP status it is answered with.\n\
         pub const fn status(self) -> u16 {{ match self {{\n{statuses}}} }}\n\n\
         /// Whether any operation may answer it, whether or not the model lists it there.\n\
         pub const fn is_common(self) -> bool {{ matches!(self, {}) }}\n\
         }}\n",
        common.join(" | ")
    ))
}
