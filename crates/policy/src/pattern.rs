//! Text with wildcards and variables, compiled once and matched often.
//!
//! `*` stands for any characters, `/` and `:` among them, `?` for one character. Both cut a
//! pattern into segments; a segment is looked for from where the one before it ended, and never
//! again. So the time is at most the length of the text times that of the pattern, however many
//! stars there are.

mod search;
#[cfg(test)]
mod tests;

use crate::Context;
use crate::variables::{Placeholder, Variable, parse_placeholder};

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: Box<str>,
    /// What stands before, between and behind the stars; one more than there are stars.
    segments: Box<[Segment]>,
    ignores_case: bool,
    has_variables: bool,
}

/// What stands between two stars, in order.
type Segment = Box<[Piece]>;

/// A part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// These characters.
    Literal(Box<str>),
    /// Any one character.
    AnyCharacter,
    /// The value of a variable, taken literally.
    Variable(Variable),
}

/// What in a pattern has a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub(crate) wildcards: bool,
    /// `${…}`.
    pub(crate) variables: bool,
    /// ASCII letters match whatever their case.
    pub(crate) ignores_case: bool,
}

/// How a text and a pattern compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The text is one of those the pattern stands for.
    Same,
    /// It is not.
    Different,
    /// A variable of the pattern has no value.
    Unresolved,
}

impl Pattern {
    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it has a variable.
    pub fn has_variables(&self) -> bool {
        self.has_variables
    }

    /// The names of its variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flatten().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable.key()),
            Piece::Literal(_) | Piece::AnyCharacter => None,
        })
    }

    /// Whether it has a wildcard.
    pub fn has_wildcards(&self) -> bool {
        self.segments.len() > 1
            || self.segments.iter().flatten().any(|piece| *piece == Piece::AnyCharacter)
    }

    /// Whether `text` is one of those it stands for; not so if a variable has no value.
    pub fn matches(&self, text: &str, context: &Context) -> bool {
        self.compare(text, context) == Match::Same
    }

    pub(crate) fn compare(&self, text: &str, context: &Context) -> Match {
        if !self.has_variables {
            return self.compare_with(text, &[]);
        }
        let variables = self.segments.iter().flatten().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            Piece::Literal(_) | Piece::AnyCharacter => None,
        });
        match variables.map(|variable| variable.value(context)).collect::<Option<Vec<_>>>() {
            Some(values) => self.compare_with(text, &values),
            None => Match::Unresolved,
        }
    }

    /// `values` are those of the variables in order.
    fn compare_with(&self, text: &str, values: &[&str]) -> Match {
        if search::is_match(&self.segments, self.ignores_case, values, text) {
            Match::Same
        } else {
            Match::Different
        }
    }

    /// Compiles `source`; the error says what is wrong with it.
    pub(crate) fn compile(source: &str, syntax: Syntax) -> Result<Self, String> {
        let mut builder = Builder::default();
        let mut rest = source;
        while let Some(c) = rest.chars().next() {
            if syntax.variables && rest.starts_with("${") {
                let (placeholder, behind) = parse_placeholder(rest)?;
                match placeholder {
                    Placeholder::Character(c) => builder.literal.push(c),
                    Placeholder::Variable(variable) => builder.push(Piece::Variable(variable)),
                }
                rest = behind;
                continue;
            }
            match c {
                '*' if syntax.wildcards => builder.end_segment(),
                '?' if syntax.wildcards => builder.push(Piece::AnyCharacter),
                _ => builder.literal.push(c),
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        let segments = builder.finish();
        let has_variables =
            segments.iter().flatten().any(|piece| matches!(piece, Piece::Variable(_)));
        let ignores_case = syntax.ignores_case;
        Ok(Self { source: source.into(), segments, ignores_case, has_variables })
    }
}

/// A pattern while it is read.
#[derive(Debug, Default)]
struct Builder {
    segments: Vec<Segment>,
    pieces: Vec<Piece>,
    literal: String,
}

impl Builder {
    fn push(&mut self, piece: Piece) {
        self.end_literal();
        self.pieces.push(piece);
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    /// A star: of several in a row, all but the first mean nothing.
    fn end_segment(&mut self) {
        self.end_literal();
        if self.segments.is_empty() || !self.pieces.is_empty() {
            self.segments.push(std::mem::take(&mut self.pieces).into());
        }
    }

    fn finish(mut self) -> Box<[Segment]> {
        self.end_literal();
        self.segments.push(self.pieces.into());
        self.segments.into()
    }
}
