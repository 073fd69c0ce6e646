//! The canonical request: one spelling of what was asked.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::{Request, SigV4Error, sha256_hex};

/// How a service spells paths.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathStyle {
    /// Whether empty and dot segments are resolved first.
    pub(super) normalize: bool,
    /// Whether the path is encoded on top of its own encoding.
    pub(super) encode_twice: bool,
}

impl PathStyle {
    /// Every service but S3.
    pub(super) const STANDARD: Self = Self { normalize: true, encode_twice: true };
}

/// A canonical request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CanonicalRequest(pub(super) String);

impl CanonicalRequest {
    /// `signed_headers` are lower-case names in order; `leave_out` are query parameters that the
    /// signature does not cover.
    pub(super) fn new(
        request: &Request<'_>,
        style: PathStyle,
        signed_headers: &[String],
        leave_out: &[&str],
        payload_sha256_hex: &str,
    ) -> Result<Self, SigV4Error> {
        let path = canonical_path(request.raw_path, style);
        let query = canonical_query(request.raw_query, leave_out);
        let mut text = format!("{}\n{path}\n{query}\n", request.method);
        for name in signed_headers {
            text.push_str(&format!("{name}:{}\n", canonical_values(request, name)?));
        }
        text.push_str(&format!("\n{}\n{payload_sha256_hex}", signed_headers.join(";")));
        Ok(Self(text))
    }

    pub(super) fn sha256_hex(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

/// What RFC 3986 reserves no meaning for stays as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// Encodes a name or a value of a query.
pub(super) fn encode(text: &str) -> String {
    percent_encode(text.as_bytes(), ENCODED).to_string()
}

fn canonical_path(raw_path: &str, style: PathStyle) -> String {
    let path = if style.normalize { normalized(raw_path) } else { raw_path.to_owned() };
    let path = if path.is_empty() { "/".to_owned() } else { path };
    if style.encode_twice {
        percent_encode(path.as_bytes(), ENCODED_IN_PATH).to_string()
    } else {
        let decoded: Vec<u8> = percent_decode_str(&path).collect();
        percent_encode(&decoded, ENCODED_IN_PATH).to_string()
    }
}

fn normalized(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if is_folder && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

fn canonical_query(raw_query: &str, leave_out: &[&str]) -> String {
    let recoded = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&decoded, ENCODED).to_string()
    };
    let pairs = raw_query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recoded(name), recoded(value)))
        .filter(|(name, _)| !leave_out.contains(&name.as_str()))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// All values of a header in their order, each trimmed and its spaces folded.
fn canonical_values(request: &Request<'_>, name: &str) -> Result<String, SigV4Error> {
    let mut values = Vec::new();
    for (key, value) in &request.headers {
        if key.eq_ignore_ascii_case(name) {
            let text = std::str::from_utf8(value).map_err(|_| {
                SigV4Error::Incomplete(format!("The signed header {name} is not UTF-8."))
            })?;
            values.push(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    Ok(values.join(","))
}
