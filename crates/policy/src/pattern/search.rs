//! Matches a text with segments.

use super::{Piece, Segment};

/// Whether `text` is the first segment at its start, the last one at its end, and the others in
/// between, in order. `values` are those of the variables, in order of the whole pattern.
pub(super) fn is_match(
    segments: &[Segment],
    ignores_case: bool,
    mut values: &[&str],
    text: &str,
) -> bool {
    let mut matcher = Matcher { ignores_case, values: &[] };
    let mut take_values = |segment: &Segment| {
        let count = segment.iter().filter(|piece| matches!(piece, Piece::Variable(_))).count();
        let (taken, rest) = values.split_at_checked(count).unwrap_or((values, &[]));
        values = rest;
        taken
    };
    let Some((first, others)) = segments.split_first() else { return text.is_empty() };
    matcher.values = take_values(first);
    let Some(mut rest) = matcher.strip_start(first, text) else { return false };
    let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
    for segment in middle {
        matcher.values = take_values(segment);
        match matcher.strip_first_occurrence(segment, rest) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    matcher.values = take_values(last);
    matcher.strip_end(last, rest).is_some()
}

/// Compares one segment.
struct Matcher<'v> {
    ignores_case: bool,
    /// The values of the segment's variables.
    values: &'v [&'v str],
}

impl Matcher<'_> {
    /// What follows the segment at the start of `text`.
    fn strip_start<'t>(&self, segment: &[Piece], text: &'t str) -> Option<&'t str> {
        let mut values = self.values.iter();
        let mut rest = text;
        for piece in segment {
            rest = match piece {
                Piece::Literal(literal) => self.strip_prefix(rest, literal)?,
                Piece::Variable(_) => self.strip_prefix(rest, values.next()?)?,
                Piece::AnyCharacter => {
                    let mut characters = rest.chars();
                    characters.next()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What precedes the segment at the end of `text`.
    fn strip_end<'t>(&self, segment: &[Piece], text: &'t str) -> Option<&'t str> {
        let mut values = self.values.iter().rev();
        let mut rest = text;
        for piece in segment.iter().rev() {
            rest = match piece {
                Piece::Literal(literal) => self.strip_suffix(rest, literal)?,
                Piece::Variable(_) => self.strip_suffix(rest, values.next()?)?,
                Piece::AnyCharacter => {
                    let mut characters = rest.chars();
                    characters.next_back()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What follows the segment where it first occurs. A segment always has the same number of
    /// characters, so the first to begin is the first to end, and no later one could do better.
    fn strip_first_occurrence<'t>(&self, segment: &[Piece], text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        loop {
            if !self.ignores_case
                && let Some(Piece::Literal(literal)) = segment.first()
            {
                rest = rest.get(rest.find(&**literal)?..)?;
            }
            if let Some(behind) = self.strip_start(segment, rest) {
                return Some(behind);
            }
            let mut characters = rest.chars();
            characters.next()?;
            rest = characters.as_str();
        }
    }

    fn strip_prefix<'t>(&self, text: &'t str, prefix: &str) -> Option<&'t str> {
        if !self.ignores_case {
            return text.strip_prefix(prefix);
        }
        let (start, rest) = text.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    }

    fn strip_suffix<'t>(&self, text: &'t str, suffix: &str) -> Option<&'t str> {
        if !self.ignores_case {
            return text.strip_suffix(suffix);
        }
        let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
        end.eq_ignore_ascii_case(suffix).then_some(rest)
    }
}
