//! Where something is posted to: a URL, parsed.

use std::fmt;
use std::str::FromStr;

use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Uri};
use rustls_pki_types::ServerName;

use crate::error::AlertsError;
use crate::limits::WEBHOOK_BYTES;

/// The URL that a target's alerts are posted to. Its path and query may hold a secret, so
/// neither is ever shown.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The name that the certificate must be for; none for `http://`.
    pub(crate) tls_name: Option<ServerName<'static>>,
    pub(crate) host_header: HeaderValue,
    pub(crate) path: PathAndQuery,
}

impl Endpoint {
    /// Reads `https://host[:port]/path?query`, or the same with `http://`.
    ///
    /// # Errors
    /// [`AlertsError::Webhook`] says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, AlertsError> {
        let wrong = |problem: &str| AlertsError::Webhook(problem.to_owned());
        if url.len() > WEBHOOK_BYTES {
            let problem = format!("must be at most {WEBHOOK_BYTES} bytes long");
            return Err(AlertsError::Webhook(problem));
        }
        let uri = Uri::from_str(url).map_err(|_| wrong("must be a URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("must name a host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("must not hold a user name or password"));
        }
        let bare = authority.host().trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() {
            return Err(wrong("must name a host"));
        }
        let port =
            port_of(authority, is_tls).ok_or_else(|| wrong("must have a port of 1-65535"))?;
        let tls_name = ServerName::try_from(bare.to_owned());
        Ok(Self {
            host: bare.to_owned(),
            port,
            tls_name: is_tls
                .then_some(tls_name)
                .transpose()
                .map_err(|_| wrong("must name a host by its DNS name or address"))?,
            host_header: HeaderValue::from_str(authority.as_str())
                .map_err(|_| wrong("must name a host"))?,
            path: uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")),
        })
    }
}

fn port_of(authority: &Authority, is_tls: bool) -> Option<u16> {
    let has_port = authority.as_str().len() > authority.host().len();
    match authority.port_u16() {
        Some(0) => None,
        Some(port) => Some(port),
        None if has_port => None,
        None => Some(if is_tls { 443 } else { 80 }),
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls_name.is_some() { "https" } else { "http" };
        write!(f, "Endpoint({scheme}://{}:{}/…)", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_its_parts_and_hides_its_secret() {
        let endpoint = Endpoint::parse("https://hooks.example/services/T0/s3cret?k=v").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("hooks.example", 443));
        assert_eq!(endpoint.path.as_str(), "/services/T0/s3cret?k=v");
        assert!(!format!("{endpoint:?}").contains("s3cret"));

        let endpoint = Endpoint::parse("http://[::1]:8080").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 8080));
        assert_eq!(endpoint.host_header, "[::1]:8080");
        assert_eq!(endpoint.path.as_str(), "/");
        assert!(endpoint.tls_name.is_none());
    }

    #[test]
    fn what_is_no_webhook_is_refused() {
        let long = format!("https://a/{}", "x".repeat(WEBHOOK_BYTES));
        for url in [
            "",
            "hooks.example",
            "/path",
            "ftp://a/",
            "https://",
            "https://user:pass@a/",
            "https://a:0/",
            "https://a:70000/",
            "https://a b/",
            "https://a\r\nx: y/",
            "https://-_-..x/",
            long.as_str(),
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }
}
