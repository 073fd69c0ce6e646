//! `types/paging.rs`: where a listing's input holds its token and its limit.

use std::fmt::Write;

use super::ModelError;
use super::names::{field, pascal};
use super::served::Served;
use super::service::{Member, Service};

/// The names that the model has for a token and for a limit.
const TOKENS: [&str; 2] = ["nextToken", "marker"];
const LIMITS: [&str; 2] = ["maxResults", "pageSize"];

pub(super) fn render(service: &Service, served: &Served) -> Result<String, ModelError> {
    let mut out = String::from("use super::inputs::*;\nuse crate::paging::Listing;\n");
    for shape in served.inputs.keys() {
        let members = &service.shape(shape)?.members;
        let find = |names: [&str; 2]| members.iter().find(|m| names.contains(&m.name.as_str()));
        if let Some(token) = find(TOKENS) {
            out.push_str(&one(shape, members.len(), token, find(LIMITS)));
        }
    }
    Ok(out)
}

fn one(shape: &str, members: usize, token: &Member, limit: Option<&Member>) -> String {
    let (name, token) = (pascal(shape), field(&token.name));
    let mut cleared = format!("{token}: None");
    let mut limited = "None".to_owned();
    if let Some(limit) = limit {
        let limit = field(&limit.name);
        let _ = write!(cleared, ", {limit}: None");
        limited = format!("self.{limit}");
    }
    // An input that is nothing but its page has no rest to keep.
    if members > 1 + usize::from(limit.is_some()) {
        cleared.push_str(", ..self.clone()");
    }
    format!(
        "\nimpl Listing for {name} {{\n\
         fn token(&self) -> Option<&str> {{ self.{token}.as_deref() }}\n\n\
         fn limit(&self) -> Option<i32> {{ {limited} }}\n\n\
         fn without_page(&self) -> Self {{ Self {{ {cleared} }} }}\n}}\n"
    )
}
