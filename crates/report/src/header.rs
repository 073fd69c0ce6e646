//! A report's header: which report it is, and of which version.

use crate::fault::{Step, Stop};
use crate::source::{Kind, Source};

/// What a header said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) report_id: Option<i64>,
    pub(crate) version: Version,
}

/// What a header said of the version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Version {
    /// Nothing.
    #[default]
    Missing,
    /// `1.` and digits.
    Known,
    /// Something else.
    Unknown,
}

/// Reads a header.
pub(crate) fn read<'a, S: Source<'a>>(source: &mut S) -> Result<Header, Stop> {
    let mut header = Header::default();
    source.object("header", |source, key| match key {
        b"report_id" | b"rid" => {
            let number = source.number("header.report_id")?;
            header.report_id = Some(number.signed("header.report_id", source)?);
            Ok(())
        }
        b"version" | b"v" => read_version(source, &mut header),
        _ => source.skip(),
    })?;
    Ok(header)
}

/// What can be learned of the header of a report that is not well-formed: whatever comes before
/// the first place where nobody can read on.
pub(crate) fn recover<'a, S: Source<'a>>(source: &mut S) -> Option<Header> {
    let mut found = None;
    let _stopped = source.object("the report", |source, key| match key {
        b"header" | b"hed" if source.kind() == Kind::Object => {
            let header = found.insert(Header::default());
            source.object("header", |source, key| match key {
                b"report_id" | b"rid" if source.kind() == Kind::Number => {
                    let number = source.number("header.report_id")?;
                    header.report_id = number.signed("header.report_id", source).ok();
                    Ok(())
                }
                b"version" | b"v" => read_version(source, header),
                _ => source.skip(),
            })
        }
        _ => source.skip(),
    });
    found
}

fn read_version<'a, S: Source<'a>>(source: &mut S, header: &mut Header) -> Step {
    header.version = Version::Unknown;
    if source.kind() != Kind::Text {
        return source.skip();
    }
    if is_known(&source.text("header.version")?) {
        header.version = Version::Known;
    }
    Ok(())
}

/// AWS writes versions as `Major.Minor`; within a major one nothing becomes unreadable.
fn is_known(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}
