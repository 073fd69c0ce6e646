//! What is wrong with a report, before it is put into words.

use std::fmt;

/// The first thing wrong with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where in the document, by long names.
    pub(crate) field: &'static str,
    pub(crate) problem: Problem,
    /// Where in the bytes.
    pub(crate) at: usize,
}

/// Reading stopped; the source knows why. Carries nothing, so that passing it on is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop;

/// A step that gives nothing but may stop.
pub(crate) type Step = Result<(), Stop>;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Not the notation at all; what was expected instead.
    Syntax(&'static str),
    NotUtf8,
    TooManyBytes(usize),
    TooDeep(u32),
    TrailingBytes,
    Not(&'static str),
    Missing,
    NotWhole,
    NotFinite,
    OutOfRange(i64, i64),
    TooMany(usize),
    TooLong(usize),
    Empty,
    ControlCharacter,
    NotAnAddress,
    NotOneElement,
    TwoValues,
    NoValue,
    NoMetrics,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, problem, at } = self;
        match problem {
            Problem::Syntax(_)
            | Problem::NotUtf8
            | Problem::TooDeep(_)
            | Problem::TrailingBytes => write!(f, "{field} {problem} at byte {at}"),
            _ => write!(f, "{field} {problem}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(expected) => write!(f, "is not well-formed: expected {expected}"),
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::TooManyBytes(limit) => write!(f, "has more than {limit} bytes"),
            Self::TooDeep(limit) => write!(f, "is nested deeper than {limit}"),
            Self::TrailingBytes => f.write_str("is followed by something else"),
            Self::Not(kind) => write!(f, "is not {kind}"),
            Self::Missing => f.write_str("is missing"),
            Self::NotWhole => f.write_str("is not an integer"),
            Self::NotFinite => f.write_str("is not a finite number"),
            Self::OutOfRange(least, most) => write!(f, "is not between {least} and {most}"),
            Self::TooMany(limit) => write!(f, "has more than {limit} elements"),
            Self::TooLong(limit) => write!(f, "is longer than {limit} bytes"),
            Self::Empty => f.write_str("is empty"),
            Self::ControlCharacter => f.write_str("holds a control character"),
            Self::NotAnAddress => f.write_str("is not an IP address"),
            Self::NotOneElement => f.write_str("is not a list of one element"),
            Self::TwoValues => f.write_str("has more than one value"),
            Self::NoValue => {
                f.write_str("has none of number, number_list, string_list and ip_list")
            }
            Self::NoMetrics => f.write_str("has neither metrics nor custom_metrics"),
        }
    }
}
