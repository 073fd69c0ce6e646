//! Signing what goes out.

use super::canonical::{CanonicalRequest, PathStyle, encode};
use super::scope::Scope;
use super::{ALGORITHM, Payload, Request, Secret, SigV4Error};
use crate::datetime::format_basic;

/// Who signs, for what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The access key.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a Secret,
    /// The token of temporary credentials.
    pub session_token: Option<&'a str>,
    /// The region of the service called.
    pub region: &'a str,
    /// The signing name of the service called.
    pub service: &'a str,
    /// The time of the request, in seconds since 1970 (UTC).
    pub at_epoch_seconds: i64,
}

/// Signs a request, with all of its headers, among which must be `host`. Gives back the headers
/// to add: `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`.
///
/// # Errors
/// [`SigV4Error::Incomplete`] where a header's value is not UTF-8.
pub fn sign(
    request: &Request<'_>,
    payload: Payload<'_>,
    signing: &Signing<'_>,
) -> Result<Vec<(&'static str, String)>, SigV4Error> {
    Ok(sign_as(request, payload, signing, PathStyle::STANDARD)?.added_headers)
}

/// Signs a request in its query: gives back the whole raw query to send, which is good for
/// `life_seconds`. The headers of the request, among which must be `host`, are signed.
///
/// # Errors
/// [`SigV4Error::Incomplete`] where a header's value is not UTF-8.
pub fn presign(
    request: &Request<'_>,
    payload: Payload<'_>,
    signing: &Signing<'_>,
    life_seconds: u32,
) -> Result<String, SigV4Error> {
    let presigned = presign_as(request, payload, signing, life_seconds, PathStyle::STANDARD)?;
    Ok(presigned.raw_query)
}

pub(super) struct Signed {
    #[cfg(test)]
    pub(super) canonical: CanonicalRequest,
    #[cfg(test)]
    pub(super) string_to_sign: String,
    pub(super) signature_hex: String,
    pub(super) added_headers: Vec<(&'static str, String)>,
    pub(super) raw_query: String,
}

pub(super) fn sign_as(
    request: &Request<'_>,
    payload: Payload<'_>,
    signing: &Signing<'_>,
    style: PathStyle,
) -> Result<Signed, SigV4Error> {
    let signed_at = format_basic(signing.at_epoch_seconds);
    let mut added = vec![("x-amz-date", signed_at)];
    added.extend(signing.session_token.map(|token| ("x-amz-security-token", token.to_owned())));
    let mut complete = request.clone();
    complete.headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let mut signed = calculate(&complete, payload, signing, style)?;
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
        signing.access_key_id,
        scope(signing).text(),
        signed_headers(&complete).join(";"),
        signed.signature_hex
    );
    added.push(("authorization", authorization));
    signed.added_headers = added;
    Ok(signed)
}

pub(super) fn presign_as(
    request: &Request<'_>,
    payload: Payload<'_>,
    signing: &Signing<'_>,
    life_seconds: u32,
    style: PathStyle,
) -> Result<Signed, SigV4Error> {
    let credential = format!("{}/{}", signing.access_key_id, scope(signing).text());
    let mut parameters = vec![
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", credential),
        ("X-Amz-Date", format_basic(signing.at_epoch_seconds)),
        ("X-Amz-SignedHeaders", signed_headers(request).join(";")),
        ("X-Amz-Expires", life_seconds.to_string()),
    ];
    let token = signing.session_token.map(str::to_owned);
    parameters.extend(token.map(|token| ("X-Amz-Security-Token", token)));
    let mut raw_query = request.raw_query.to_owned();
    for (name, value) in parameters {
        let and = if raw_query.is_empty() { "" } else { "&" };
        raw_query.push_str(&format!("{and}{name}={}", encode(&value)));
    }
    let complete = Request { raw_query: &raw_query, ..request.clone() };
    let mut signed = calculate(&complete, payload, signing, style)?;
    signed.raw_query = format!("{raw_query}&X-Amz-Signature={}", signed.signature_hex);
    Ok(signed)
}

fn calculate(
    request: &Request<'_>,
    payload: Payload<'_>,
    signing: &Signing<'_>,
    style: PathStyle,
) -> Result<Signed, SigV4Error> {
    let signed_headers = signed_headers(request);
    let hash = payload.sha256_hex();
    let canonical = CanonicalRequest::new(request, style, &signed_headers, &[], &hash)?;
    let scope = scope(signing);
    let signed_at = format_basic(signing.at_epoch_seconds);
    let string_to_sign = scope.string_to_sign(&signed_at, &canonical);
    let signature = scope.signature(signing.secret, &string_to_sign);
    Ok(Signed {
        #[cfg(test)]
        canonical,
        #[cfg(test)]
        string_to_sign,
        signature_hex: hex::encode(signature.as_ref()),
        added_headers: Vec::new(),
        raw_query: String::new(),
    })
}

fn scope(signing: &Signing<'_>) -> Scope {
    let signed_at = format_basic(signing.at_epoch_seconds);
    Scope {
        day: signed_at.get(..8).unwrap_or_default().to_owned(),
        region: signing.region.to_owned(),
        service: signing.service.to_owned(),
    }
}

fn signed_headers(request: &Request<'_>) -> Vec<String> {
    let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}
