//! What the walk through a document asks of a notation.

use std::borrow::Cow;

use crate::fault::{Problem, Step, Stop};

/// A number as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    /// With a fraction or an exponent, or beyond the others.
    Float(f64),
}

/// A kind of value, as far as anybody asks before reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Object,
    Other,
}

/// Reads a document from front to back: JSON and CBOR.
///
/// Each method reads one value whole. After a [`Stop`] the source may stand anywhere; its first
/// fault is kept. `field` says, in messages, what is read.
pub(crate) trait Source<'a> {
    /// The kind of the value that is next.
    fn kind(&mut self) -> Kind;

    /// Reads an object: `each` is given every key and must read its value.
    fn object(&mut self, field: &'static str, each: impl FnMut(&mut Self, &[u8]) -> Step) -> Step;

    /// Reads a list: `each` must read one element.
    fn list(&mut self, field: &'static str, each: impl FnMut(&mut Self) -> Step) -> Step;

    fn number(&mut self, field: &'static str) -> Result<Number, Stop>;

    fn text(&mut self, field: &'static str) -> Result<Cow<'a, str>, Stop>;

    /// Reads a value of any kind, which must be well-formed.
    fn skip(&mut self) -> Step;

    /// Nothing may follow.
    fn end(&mut self) -> Step;

    /// Keeps the fault, if it is the first.
    fn fail(&mut self, field: &'static str, problem: Problem) -> Stop;
}
