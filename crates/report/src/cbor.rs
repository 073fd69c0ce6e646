//! CBOR (RFC 8949), with the meaning of JSON: maps with texts as keys, numbers, texts, lists.

use std::borrow::Cow;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use crate::fault::{Fault, Problem, Step, Stop};
use crate::limits::DEPTH;
use crate::source::Number;
use crate::source::{Kind, Source};

/// A document and the place in it. Tags are passed over: what they say of a value is of no use
/// here.
#[derive(Debug)]
pub(crate) struct Cbor<'a> {
    decoder: Decoder<'a>,
    depth: u32,
    fault: Option<Fault>,
}

/// What is expected where the bytes are no CBOR.
const CBOR: &str = "a CBOR value";

impl<'a> Cbor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { decoder: Decoder::new(bytes), depth: 0, fault: None }
    }

    /// The first fault.
    pub(crate) fn fault(&self) -> Fault {
        let at = self.decoder.position();
        let unknown = Fault { field: "the report", problem: Problem::Not("CBOR"), at };
        self.fault.unwrap_or(unknown)
    }

    /// The type of the value that is next, behind its tags.
    fn next_type(&mut self, field: &'static str) -> Result<Type, Stop> {
        loop {
            match self.decoder.datatype() {
                Ok(Type::Tag) => {
                    let tag = self.decoder.tag();
                    self.taken(tag, field)?;
                }
                Ok(kind) => return Ok(kind),
                Err(_) => return Err(self.fail(field, Problem::Syntax(CBOR))),
            }
        }
    }

    fn taken<T>(&mut self, result: Result<T, Error>, field: &'static str) -> Result<T, Stop> {
        result.map_err(|_| self.fail(field, Problem::Syntax(CBOR)))
    }

    fn go_in(&mut self, field: &'static str) -> Step {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH {
            return Err(self.fail(field, Problem::TooDeep(DEPTH)));
        }
        Ok(())
    }

    /// Reads as many elements as the length says, or up to the break if it says nothing.
    fn elements(
        &mut self,
        field: &'static str,
        length: Option<u64>,
        mut each: impl FnMut(&mut Self) -> Step,
    ) -> Step {
        self.go_in(field)?;
        let mut left = length;
        loop {
            match &mut left {
                Some(0) => break,
                Some(left) => *left = left.saturating_sub(1),
                None if matches!(self.decoder.datatype(), Ok(Type::Break)) => {
                    let behind = self.decoder.position().saturating_add(1);
                    self.decoder.set_position(behind);
                    break;
                }
                None => {}
            }
            each(self)?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn float(&mut self, kind: Type) -> Result<f64, Error> {
        match kind {
            Type::F16 => self.decoder.f16().map(f64::from),
            Type::F32 => self.decoder.f32().map(f64::from),
            _ => self.decoder.f64(),
        }
    }
}

impl<'a> Source<'a> for Cbor<'a> {
    fn kind(&mut self) -> Kind {
        match self.next_type("the report") {
            Ok(Type::String | Type::StringIndef) => Kind::Text,
            Ok(Type::Map | Type::MapIndef) => Kind::Object,
            Ok(
                Type::U8
                | Type::U16
                | Type::U32
                | Type::U64
                | Type::I8
                | Type::I16
                | Type::I32
                | Type::I64
                | Type::Int
                | Type::F16
                | Type::F32
                | Type::F64,
            ) => Kind::Number,
            _ => Kind::Other,
        }
    }

    fn object(
        &mut self,
        field: &'static str,
        mut each: impl FnMut(&mut Self, &[u8]) -> Step,
    ) -> Step {
        if !matches!(self.next_type(field)?, Type::Map | Type::MapIndef) {
            return Err(self.fail(field, Problem::Not("an object")));
        }
        let length = self.decoder.map();
        let length = self.taken(length, field)?;
        self.elements(field, length, |source| {
            let key = source.text(field)?;
            each(source, key.as_bytes())
        })
    }

    fn list(&mut self, field: &'static str, each: impl FnMut(&mut Self) -> Step) -> Step {
        if !matches!(self.next_type(field)?, Type::Array | Type::ArrayIndef) {
            return Err(self.fail(field, Problem::Not("a list")));
        }
        let length = self.decoder.array();
        let length = self.taken(length, field)?;
        self.elements(field, length, each)
    }

    fn number(&mut self, field: &'static str) -> Result<Number, Stop> {
        let kind = self.next_type(field)?;
        if matches!(kind, Type::F16 | Type::F32 | Type::F64) {
            let float = self.float(kind);
            return self.taken(float, field).map(Number::Float);
        }
        if self.kind() != Kind::Number {
            return Err(self.fail(field, Problem::Not("a number")));
        }
        let int = self.decoder.int();
        let value = i128::from(self.taken(int, field)?);
        Ok(match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => Number::Unsigned(value),
            (_, Ok(value)) => Number::Negative(value),
            _ => Number::Float(value as f64),
        })
    }

    fn text(&mut self, field: &'static str) -> Result<Cow<'a, str>, Stop> {
        match self.next_type(field)? {
            Type::String => {
                let text = self.decoder.str();
                self.taken(text, field).map(Cow::Borrowed)
            }
            Type::StringIndef => {
                let pieces = self.decoder.str_iter().and_then(Iterator::collect::<Result<_, _>>);
                self.taken(pieces, field).map(Cow::Owned)
            }
            _ => Err(self.fail(field, Problem::Not("a text"))),
        }
    }

    fn skip(&mut self) -> Step {
        const FIELD: &str = "the report";
        match self.next_type(FIELD)? {
            Type::Map | Type::MapIndef => self.object(FIELD, |source, _| source.skip()),
            Type::Array | Type::ArrayIndef => self.list(FIELD, Self::skip),
            Type::String | Type::StringIndef => self.text(FIELD).map(|_| ()),
            Type::BytesIndef => {
                let pieces = self
                    .decoder
                    .bytes_iter()
                    .and_then(|mut all| all.try_for_each(|p| p.map(|_| ())));
                self.taken(pieces, FIELD)
            }
            Type::Break => Err(self.fail(FIELD, Problem::Syntax(CBOR))),
            _ => {
                let skipped = self.decoder.skip();
                self.taken(skipped, FIELD)
            }
        }
    }

    fn end(&mut self) -> Step {
        if self.decoder.position() == self.decoder.input().len() {
            return Ok(());
        }
        Err(self.fail("the report", Problem::TrailingBytes))
    }

    #[cold]
    fn fail(&mut self, field: &'static str, problem: Problem) -> Stop {
        let at = self.decoder.position();
        self.fault.get_or_insert(Fault { field, problem, at });
        Stop
    }
}
