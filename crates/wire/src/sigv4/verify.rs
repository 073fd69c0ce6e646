//! Verifying the signature of a request.

use subtle::ConstantTimeEq;

use super::authorization::{Authorization, Form};
use super::canonical::{CanonicalRequest, PathStyle};
use super::scope::Scope;
use super::{Payload, Request, Secret, SigV4Error};
use crate::datetime::{format_basic, parse_basic};
use crate::limits::{MAX_CLOCK_SKEW_SECONDS, MAX_PRESIGNED_SECONDS};

/// What a signature must be made for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The region of this deployment.
    pub region: &'a str,
    /// The signing names accepted here: `iot`, `iotdata`, `iotdevicegateway`.
    pub services: &'a [&'a str],
    /// Now, in seconds since 1970 (UTC).
    pub now_epoch_seconds: i64,
}

/// The signature of a request in everything but the secret: whole, for this place and time, over
/// this body. [`Signature::of`] says whose it is, [`Signature::verify`] whether it is good; between
/// the two the caller looks up the key.
#[derive(Debug)]
pub struct Signature<'a> {
    request: &'a Request<'a>,
    authorization: Authorization,
    payload_sha256_hex: String,
}

impl<'a> Signature<'a> {
    /// Reads the signature in the header or in the query of a request.
    ///
    /// Of the headers, `host` and everything that begins with `x-amz` must be signed (but for
    /// `x-amzn-trace-id`, which load balancers add); so a member that travels in a header cannot
    /// be changed on the way.
    ///
    /// # Errors
    /// See [`SigV4Error`]; each knows the code it is answered with.
    pub fn of(
        request: &'a Request<'a>,
        payload: Payload<'_>,
        expected: &Expected<'_>,
    ) -> Result<Self, SigV4Error> {
        let authorization = Authorization::of(request)?;
        check_scope(&authorization, expected)?;
        check_time(&authorization, expected.now_epoch_seconds)?;
        check_signed_headers(&authorization, request)?;
        let payload_sha256_hex = payload.sha256_hex();
        check_payload(request, &payload_sha256_hex)?;
        Ok(Self { request, authorization, payload_sha256_hex })
    }

    /// The access key that it claims.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.authorization.access_key_id
    }

    /// Whether it is the signature that this secret gives.
    ///
    /// # Errors
    /// [`SigV4Error::Mismatch`] where it is not.
    pub fn verify(&self, secret: &Secret) -> Result<(), SigV4Error> {
        for leave_out in left_out(&self.authorization) {
            let canonical = CanonicalRequest::new(
                self.request,
                PathStyle::STANDARD,
                &self.authorization.signed_headers,
                leave_out,
                &self.payload_sha256_hex,
            )?;
            if is_signature(&self.authorization, secret, &canonical) {
                return Ok(());
            }
        }
        Err(SigV4Error::Mismatch)
    }
}

/// The signing name of MQTT over WebSocket.
const DEVICE_GATEWAY: &str = "iotdevicegateway";

const SIGNATURE: &str = "X-Amz-Signature";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";

/// The sets of query parameters that the signature may not cover. AWS IoT's device gateway wants
/// the session token added after signing; SDKs differ, so both spellings are tried there.
/// Source: AWS IoT Developer Guide, "MQTT over the WebSocket protocol".
fn left_out(authorization: &Authorization) -> &'static [&'static [&'static str]] {
    match authorization.form {
        Form::Header => &[&[]],
        Form::Query { .. } if authorization.scope.service == DEVICE_GATEWAY => {
            &[&[SIGNATURE], &[SIGNATURE, SECURITY_TOKEN]]
        }
        Form::Query { .. } => &[&[SIGNATURE]],
    }
}

fn is_signature(
    authorization: &Authorization,
    secret: &Secret,
    canonical: &CanonicalRequest,
) -> bool {
    let scope = &authorization.scope;
    let string_to_sign = scope.string_to_sign(&authorization.signed_at, canonical);
    let calculated = scope.signature(secret, &string_to_sign);
    calculated.as_ref().ct_eq(&authorization.signature).into()
}

fn check_scope(authorization: &Authorization, expected: &Expected<'_>) -> Result<(), SigV4Error> {
    let Authorization { scope: Scope { day, region, service }, signed_at, .. } = authorization;
    if signed_at.get(..8) != Some(day) {
        let signed_day = signed_at.get(..8).unwrap_or(signed_at);
        return Err(SigV4Error::Scope(format!(
            "Credential should be scoped to the day of the request: Date in Credential scope does \
             not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != \
             '{signed_day}', from '{signed_at}'."
        )));
    }
    if region != expected.region {
        return Err(SigV4Error::Scope(format!(
            "Credential should be scoped to a valid region, not '{region}'."
        )));
    }
    if !expected.services.contains(&service.as_str()) {
        return Err(SigV4Error::Scope(format!(
            "Credential should be scoped to correct service: '{}'.",
            expected.services.join("', '")
        )));
    }
    Ok(())
}

fn check_time(authorization: &Authorization, now: i64) -> Result<(), SigV4Error> {
    let at = parse_basic(&authorization.signed_at).ok_or_else(|| {
        SigV4Error::Incomplete("Date must be in ISO-8601 'basic format'.".to_owned())
    })?;
    let skew = MAX_CLOCK_SKEW_SECONDS;
    let life = match authorization.form {
        Form::Header | Form::Query { life_seconds: None } => skew,
        Form::Query { life_seconds: Some(life) } if (1..=MAX_PRESIGNED_SECONDS).contains(&life) => {
            life
        }
        Form::Query { .. } => {
            let problem = format!("X-Amz-Expires must lie within 1 and {MAX_PRESIGNED_SECONDS}.");
            return Err(SigV4Error::Incomplete(problem));
        }
    };
    let told =
        |sign: &str, seconds: i64| format!("{} {sign} {} min.", format_basic(now), seconds / 60);
    let signed_at = authorization.signed_at.clone();
    let (earliest, latest) = (now.saturating_sub(life), now.saturating_add(skew));
    if at < earliest {
        let (earliest, now) = (format_basic(earliest), told("-", life));
        return Err(SigV4Error::Expired { signed_at, earliest, now });
    }
    if at > latest {
        let (latest, now) = (format_basic(latest), told("+", skew));
        return Err(SigV4Error::NotYetCurrent { signed_at, latest, now });
    }
    Ok(())
}

fn check_signed_headers(
    authorization: &Authorization,
    request: &Request<'_>,
) -> Result<(), SigV4Error> {
    let is_signed = |name: &str| authorization.signed_headers.iter().any(|signed| signed == name);
    let must_be_signed =
        |name: &str| name == "host" || (name.starts_with("x-amz") && name != "x-amzn-trace-id");
    let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let unsigned = names.into_iter().find(|name| must_be_signed(name) && !is_signed(name));
    match unsigned {
        Some(name) => Err(SigV4Error::UnsignedHeader(name)),
        None if !is_signed("host") => {
            Err(SigV4Error::Incomplete("'Host' must be a 'SignedHeader'.".to_owned()))
        }
        None => Ok(()),
    }
}

fn check_payload(request: &Request<'_>, payload_sha256_hex: &str) -> Result<(), SigV4Error> {
    match request.header("x-amz-content-sha256") {
        Some(told) if !told.trim_ascii().eq_ignore_ascii_case(payload_sha256_hex.as_bytes()) => {
            Err(SigV4Error::PayloadMismatch)
        }
        _ => Ok(()),
    }
}

/// Both steps at once, with the secrets at hand; gives the access key's id.
#[cfg(test)]
pub(super) fn verify(
    request: &Request<'_>,
    payload: Payload<'_>,
    expected: &Expected<'_>,
    lookup_secret: impl Fn(&str) -> Option<Secret>,
) -> Result<String, SigV4Error> {
    let signature = Signature::of(request, payload, expected)?;
    let key_id = signature.access_key_id().to_owned();
    let secret = lookup_secret(&key_id).ok_or(SigV4Error::UnknownKey)?;
    signature.verify(&secret).map(|()| key_id)
}
