//! JSON (RFC 8259), read strictly and without building anything.

mod number;
mod text;

use std::borrow::Cow;

use crate::fault::{Fault, Problem, Step, Stop};
use crate::json::text::end_of_plain;
use crate::limits::DEPTH;
use crate::source::Number;
use crate::source::{Kind, Source};

/// A document and the place in it.
#[derive(Debug)]
pub(crate) struct Json<'a> {
    bytes: &'a [u8],
    /// The same bytes.
    text: &'a str,
    at: usize,
    depth: u32,
    fault: Option<Fault>,
}

/// Stands for the end of the document. No JSON has it outside of texts, and none unescaped.
const END: u8 = 0;

impl<'a> Json<'a> {
    /// A document from its beginning.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::of(text)),
            Err(error) => {
                let at = error.valid_up_to();
                Err(Fault { field: "the report", problem: Problem::NotUtf8, at })
            }
        }
    }

    /// As much of a document as is UTF-8.
    pub(crate) fn of_valid_part(bytes: &'a [u8]) -> Self {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => bytes
                .get(..error.valid_up_to())
                .and_then(|valid| std::str::from_utf8(valid).ok())
                .unwrap_or(""),
        };
        Self::of(text)
    }

    fn of(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), text, at: 0, depth: 0, fault: None }
    }

    /// The first fault.
    pub(crate) fn fault(&self) -> Fault {
        let unknown = Fault { field: "the report", problem: Problem::Not("JSON"), at: self.at };
        self.fault.unwrap_or(unknown)
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(END)
    }

    /// Goes on behind bytes that were looked at. Places stay below the length of the text, so
    /// nothing wraps; saturating would cost the reader four reports in a hundred.
    #[inline]
    fn advance(&mut self, bytes: usize) {
        self.at = self.at.wrapping_add(bytes);
    }

    /// The next byte that is no white space, which it is now at.
    #[inline]
    fn peek(&mut self) -> u8 {
        let byte = self.byte();
        if byte > b' ' { byte } else { self.skip_space() }
    }

    #[cold]
    fn skip_space(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\n' | b'\r' | b'\t') {
            self.advance(1);
        }
        self.byte()
    }

    #[cold]
    fn malformed(&mut self, field: &'static str, expected: &'static str) -> Stop {
        self.fail(field, Problem::Syntax(expected))
    }

    #[inline]
    fn go_in(&mut self, field: &'static str, open: u8, kind: &'static str) -> Step {
        if self.peek() != open {
            return Err(self.other_than(field, kind));
        }
        self.advance(1);
        self.depth = self.depth.wrapping_add(1);
        if self.depth > DEPTH {
            return Err(self.fail(field, Problem::TooDeep(DEPTH)));
        }
        Ok(())
    }

    /// Another kind of value stands here, or none.
    #[cold]
    fn other_than(&mut self, field: &'static str, kind: &'static str) -> Stop {
        match self.peek() {
            b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.fail(field, Problem::Not(kind))
            }
            _ => self.malformed(field, "a value"),
        }
    }

    /// Passes over what is seldom passed over.
    fn skip_other(&mut self) -> Step {
        match self.peek() {
            b'{' => self.object("the report", |source, _| source.skip()),
            b'[' => self.list("the report", Self::skip),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' => self.digits("the report").map(|_| ()),
            _ => Err(self.malformed("the report", "a value")),
        }
    }

    fn literal(&mut self, literal: &'static str) -> Step {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(literal.as_bytes()) {
            return Err(self.malformed("the report", "a value"));
        }
        self.advance(literal.len());
        Ok(())
    }
}

impl<'a> Source<'a> for Json<'a> {
    fn kind(&mut self) -> Kind {
        match self.peek() {
            b'"' => Kind::Text,
            b'{' => Kind::Object,
            b'-' | b'0'..=b'9' => Kind::Number,
            _ => Kind::Other,
        }
    }

    #[inline]
    fn object(
        &mut self,
        field: &'static str,
        mut each: impl FnMut(&mut Self, &[u8]) -> Step,
    ) -> Step {
        self.go_in(field, b'{', "an object")?;
        if self.peek() == b'}' {
            self.advance(1);
            self.depth = self.depth.wrapping_sub(1);
            return Ok(());
        }
        let bytes = self.bytes;
        loop {
            if self.peek() != b'"' {
                return Err(self.malformed(field, "a key"));
            }
            let start = self.at.wrapping_add(1);
            // Nearly every key is plain, and is looked at where it stands.
            let end = end_of_plain(bytes, start);
            self.at = end;
            let unescaped;
            let key = if self.byte() == b'"' {
                self.advance(1);
                bytes.get(start..end).unwrap_or_default()
            } else {
                unescaped = self.escaped(start, field)?;
                unescaped.as_bytes()
            };
            if self.peek() != b':' {
                return Err(self.malformed(field, "a colon"));
            }
            self.advance(1);
            each(self, key)?;
            match self.peek() {
                b',' => self.advance(1),
                b'}' => break,
                _ => return Err(self.malformed(field, "a comma or the end of the object")),
            }
        }
        self.advance(1);
        self.depth = self.depth.wrapping_sub(1);
        Ok(())
    }

    #[inline]
    fn list(&mut self, field: &'static str, mut each: impl FnMut(&mut Self) -> Step) -> Step {
        self.go_in(field, b'[', "a list")?;
        if self.peek() == b']' {
            self.advance(1);
            self.depth = self.depth.wrapping_sub(1);
            return Ok(());
        }
        loop {
            each(self)?;
            match self.peek() {
                b',' => self.advance(1),
                b']' => break,
                _ => return Err(self.malformed(field, "a comma or the end of the list")),
            }
        }
        self.advance(1);
        self.depth = self.depth.wrapping_sub(1);
        Ok(())
    }

    #[inline]
    fn number(&mut self, field: &'static str) -> Result<Number, Stop> {
        match self.peek() {
            b'-' | b'0'..=b'9' => self.digits(field),
            _ => Err(self.other_than(field, "a number")),
        }
    }

    #[inline]
    fn text(&mut self, field: &'static str) -> Result<Cow<'a, str>, Stop> {
        if self.peek() != b'"' {
            return Err(self.other_than(field, "a text"));
        }
        self.advance(1);
        self.quoted(field)
    }

    #[inline]
    fn skip(&mut self) -> Step {
        match self.peek() {
            b'"' => {
                self.advance(1);
                self.skip_quoted()
            }
            b'0'..=b'9' => self.digits("the report").map(|_| ()),
            _ => self.skip_other(),
        }
    }

    fn end(&mut self) -> Step {
        self.peek();
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.fail("the report", Problem::TrailingBytes))
    }

    #[cold]
    fn fail(&mut self, field: &'static str, problem: Problem) -> Stop {
        let at = self.at;
        self.fault.get_or_insert(Fault { field, problem, at });
        Stop
    }
}
