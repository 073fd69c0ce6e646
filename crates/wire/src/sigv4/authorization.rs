//! What a request says of its own signature, in the `Authorization` header or in its query.

use percent_encoding::percent_decode_str;

use super::scope::Scope;
use super::{ALGORITHM, Request, SigV4Error, TERMINATOR};
use crate::limits::MAX_SIGNED_HEADERS;

/// A signature with everything needed to calculate it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    pub(super) scope: Scope,
    /// Lower-case names, in the request's order.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    /// The request's time as it writes it.
    pub(super) signed_at: String,
    pub(super) form: Form,
}

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Header,
    /// In the query, good for some seconds after its time.
    Query {
        life_seconds: Option<i64>,
    },
}

impl Authorization {
    pub(super) fn of(request: &Request<'_>) -> Result<Self, SigV4Error> {
        if let Some(value) = request.header("authorization") {
            return Self::from_header(request, value);
        }
        if query_value(request.raw_query, "X-Amz-Signature").is_some()
            || query_value(request.raw_query, "X-Amz-Algorithm").is_some()
        {
            return Self::from_query(request.raw_query);
        }
        Err(SigV4Error::Missing)
    }

    fn from_header(request: &Request<'_>, value: &[u8]) -> Result<Self, SigV4Error> {
        let text = std::str::from_utf8(value)
            .map_err(|_| incomplete("The Authorization header is not UTF-8."))?;
        let fields = text.trim().strip_prefix(ALGORITHM).ok_or_else(|| {
            incomplete("The Authorization header must begin with AWS4-HMAC-SHA256.")
        })?;
        let field = |name: &str| {
            let fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
            let mut named = fields.filter(|(key, _)| *key == name);
            named.next().map(|(_, value)| value.to_owned()).ok_or_else(|| {
                incomplete(&format!("Authorization header requires '{name}' parameter."))
            })
        };
        let signed_at = request.header("x-amz-date").and_then(|at| std::str::from_utf8(at).ok());
        let signed_at = signed_at.map(|at| at.trim().to_owned()).ok_or_else(|| {
            incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
        })?;
        let credential = field("Credential")?;
        let signed_headers = field("SignedHeaders")?;
        Self::new(&credential, &signed_headers, &field("Signature")?, signed_at, Form::Header)
    }

    fn from_query(raw_query: &str) -> Result<Self, SigV4Error> {
        let parameter = |name: &str| {
            query_value(raw_query, name).ok_or_else(|| {
                incomplete(&format!("AWS query-string parameters must include '{name}'."))
            })
        };
        if parameter("X-Amz-Algorithm")? != ALGORITHM {
            return Err(incomplete("X-Amz-Algorithm must be AWS4-HMAC-SHA256."));
        }
        let life_seconds = match query_value(raw_query, "X-Amz-Expires") {
            Some(text) => Some(
                text.parse()
                    .map_err(|_| incomplete("X-Amz-Expires must be a number of seconds."))?,
            ),
            None => None,
        };
        Self::new(
            &parameter("X-Amz-Credential")?,
            &parameter("X-Amz-SignedHeaders")?,
            &parameter("X-Amz-Signature")?,
            parameter("X-Amz-Date")?,
            Form::Query { life_seconds },
        )
    }

    fn new(
        credential: &str,
        signed_headers: &str,
        signature: &str,
        signed_at: String,
        form: Form,
    ) -> Result<Self, SigV4Error> {
        let (access_key_id, scope) = parse_credential(credential)?;
        let signature =
            hex::decode(signature).map_err(|_| incomplete("The signature is not hexadecimal."))?;
        let signed_headers: Vec<String> =
            signed_headers.split(';').map(str::to_ascii_lowercase).collect();
        if signed_headers.len() > MAX_SIGNED_HEADERS {
            let problem = format!("SignedHeaders names more than {MAX_SIGNED_HEADERS} headers.");
            return Err(incomplete(&problem));
        }
        Ok(Self { access_key_id, scope, signed_headers, signature, signed_at, form })
    }
}

fn parse_credential(credential: &str) -> Result<(String, Scope), SigV4Error> {
    let elements: Vec<&str> = credential.split('/').collect();
    let [access_key_id, day, region, service, terminator] = elements[..] else {
        return Err(incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term.",
        ));
    };
    if terminator != TERMINATOR {
        return Err(SigV4Error::Scope(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}'."
        )));
    }
    let (day, region, service) = (day.to_owned(), region.to_owned(), service.to_owned());
    Ok((access_key_id.to_owned(), Scope { day, region, service }))
}

/// The first parameter of this name, decoded.
pub(super) fn query_value(raw_query: &str, name: &str) -> Option<String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
    let pairs = raw_query.split('&').filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, _)| decoded(key).as_deref() == Some(name));
    named.next().and_then(|(_, value)| decoded(value))
}

fn incomplete(problem: &str) -> SigV4Error {
    SigV4Error::Incomplete(problem.to_owned())
}
