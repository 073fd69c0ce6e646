//! Who may look: checked before every answer.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HOST};
use http::{HeaderMap, HeaderValue};

use crate::Shared;
use crate::error::ConsoleError;
use crate::limits::HOST_BYTES;

/// Nothing inline, nothing foreign, nothing framed, no forms.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Whether a request with this `Host` can only come from who meant this server: `localhost` or a
/// literal address, with or without a port.
///
/// A page on the Internet can have its own name resolve to 127.0.0.1 (DNS rebinding) and then
/// read answers as its own; the browser still sends the name in `Host`.
#[must_use]
pub fn is_host_trusted(host: &str) -> bool {
    if host.len() > HOST_BYTES {
        return false;
    }
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_port && address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(n, p)| (n, Some(p)));
    let is_literal = matches!(name.parse(), Ok(IpAddr::V4(_)));
    (is_literal || name.eq_ignore_ascii_case("localhost")) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Refuses whom the console is not for, and puts the security headers on every answer.
pub(crate) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match check(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

fn check(shared: &Shared, request: &Request) -> Result<(), ConsoleError> {
    if !shared.state.allowed {
        return Err(ConsoleError::NotAllowed);
    }
    let headers = request.headers();
    if !text_of(headers, HOST.as_str()).is_some_and(is_host_trusted) {
        return Err(ConsoleError::HostRefused);
    }
    // Another site could not read the events, but it could use up the followers.
    let site = text_of(headers, "sec-fetch-site");
    if request.uri().path() == "/console/events" && site.is_some_and(|s| s != "same-origin") {
        return Err(ConsoleError::CrossSite);
    }
    Ok(())
}

/// A header's only value.
fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_and_addresses_are_trusted() {
        for host in [
            "localhost",
            "LocalHost:8470",
            "127.0.0.1",
            "127.0.0.1:8470",
            "10.1.2.3:80",
            "[::1]",
            "[::1]:8470",
        ] {
            assert!(is_host_trusted(host), "{host}");
        }
        let long = format!("127.0.0.1:{}", "0".repeat(HOST_BYTES));
        for host in [
            "",
            "evil.example",
            "evil.example:8470",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "localhost:",
            "localhost:+80",
            "localhost:80:80",
            "localhost:99999",
            "[::1",
            "[::1]x",
            "[127.0.0.1]",
            "::1",
            "2130706433",
            long.as_str(),
        ] {
            assert!(!is_host_trusted(host), "{host}");
        }
    }
}
