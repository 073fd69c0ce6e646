//! The form of the generated constraint tables: shapes, their members and their limits.

use std::sync::OnceLock;

use regex::Regex;

/// A shape of the model.
#[derive(Debug)]
pub struct Shape {
    pub(crate) name: &'static str,
    pub(crate) is_sensitive: bool,
    pub(crate) kind: Kind,
}

impl Shape {
    /// AWS's name of the shape.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What the shape is, with its limits.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether its values must not appear in messages and logs.
    pub const fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }
}

/// What a shape is, with its limits.
#[derive(Debug)]
pub enum Kind {
    /// Named members.
    Structure(&'static [Member]),
    /// Any number of one shape.
    List {
        /// What it holds.
        member: &'static Shape,
        /// How many.
        length: Bounds<u64>,
    },
    /// Strings to one shape.
    Map {
        /// The keys, a text shape.
        key: &'static Shape,
        /// The values.
        value: &'static Shape,
        /// How many entries.
        length: Bounds<u64>,
    },
    /// A string.
    Text {
        /// How many characters.
        length: Bounds<u64>,
        /// What the whole of it must match.
        pattern: Option<&'static Pattern>,
        /// The only values allowed; empty where any is.
        values: &'static [&'static str],
    },
    /// Base64 of bytes.
    Blob {
        /// How many bytes.
        length: Bounds<u64>,
    },
    /// A 32 bit integer.
    Integer {
        /// Which values.
        range: Bounds<i64>,
    },
    /// A 64 bit integer.
    Long {
        /// Which values.
        range: Bounds<i64>,
    },
    /// A 64 bit float.
    Double {
        /// Which values.
        range: Bounds<f64>,
    },
    /// True or false.
    Boolean,
    /// Seconds since 1970.
    Timestamp,
}

/// The least and the greatest value allowed, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds<T> {
    /// The least.
    pub min: Option<T>,
    /// The greatest.
    pub max: Option<T>,
}

impl<T> Bounds<T> {
    pub(crate) const NONE: Self = Self { min: None, max: None };

    pub(crate) const fn new(min: Option<T>, max: Option<T>) -> Self
    where
        T: Copy,
    {
        Self { min, max }
    }
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// AWS's name of it, in JSON and in messages.
    pub name: &'static str,
    /// What it holds.
    pub shape: &'static Shape,
    /// Where a request carries it.
    pub location: Location,
    /// Whether it may be left out.
    pub is_required: bool,
}

impl Member {
    pub(crate) const fn new(name: &'static str, shape: &'static Shape, location: Location) -> Self {
        Self { name, shape, location, is_required: false }
    }

    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }
}

/// Where a request carries a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the JSON body, under the member's name.
    Body,
    /// It is the whole JSON body.
    Payload,
    /// In the path, at the label of this name.
    Label(&'static str),
    /// In the query, under this name.
    Query(&'static str),
    /// In this header.
    Header(&'static str),
}

/// A regular expression that a whole string must match.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    translated: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// `source` is AWS's text (Java's syntax); `translated` the same for the `regex` crate.
    pub(crate) const fn new(source: &'static str, translated: &'static str) -> Self {
        Self { source, translated, compiled: OnceLock::new() }
    }

    /// The pattern as AWS writes it.
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the whole text matches. A pattern that does not compile matches nothing; a test
    /// compiles every one.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    pub(crate) fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(self.translated).ok()).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use crate::generated::shapes::PATTERNS;

    fn matches(source: &str, text: &str) -> bool {
        let pattern = PATTERNS.iter().find(|pattern| pattern.source() == source);
        pattern.expect("the model holds the pattern").matches(text)
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(PATTERNS.len() > 10);
        for pattern in PATTERNS {
            assert!(pattern.compiled().is_some(), "{}", pattern.source());
        }
    }

    #[test]
    fn patterns_match_the_whole_string_as_java_does() {
        let table = [
            ("[a-zA-Z0-9:_-]+", "thing-1:a_b", true),
            ("[a-zA-Z0-9:_-]+", "thing 1", false),
            ("[a-zA-Z0-9:_-]+", "thing\n", false),
            ("[a-zA-Z0-9:_-]+", "", false),
            (r"[\p{Graph}\x20]*", "all of it!", true),
            (r"[\p{Graph}\x20]*", "t\u{fc}r", false),
            (r"[\p{Graph}\x20]*", "tab\t", false),
            (r"[\w+=,.@-]+", "policy@1", true),
            (r"[\w+=,.@-]+", "t\u{fc}r", false),
            (r"[\s\S]*", "any\n\u{fc}", true),
            (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "t\u{fc}r: 1", true),
            (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "a#b", false),
            (r"[a-zA-Z0-9_.,@/:#=\[\]-]*", "a[1]=#", true),
        ];
        for (source, text, expected) in table {
            assert_eq!(matches(source, text), expected, "{text:?} against {source}");
        }
    }
}
