//! Numbers in JSON.

use super::Json;
use crate::fault::{Problem, Stop};
use crate::source::Number;
use crate::source::Source;

impl Json<'_> {
    /// Reads a number that begins here.
    #[inline]
    pub(super) fn digits(&mut self, field: &'static str) -> Result<Number, Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if let Some((value, length)) = plain_number(rest)
            && !matches!(rest.get(length), Some(b'.' | b'e' | b'E'))
        {
            self.advance(length);
            return Ok(Number::Unsigned(value));
        }
        self.any_number(field)
    }

    /// By the grammar of RFC 8259, and then by the standard library.
    #[cold]
    fn any_number(&mut self, field: &'static str) -> Result<Number, Stop> {
        let start = self.at;
        let is_negative = self.take(b"-");
        if self.take(b"0") {
            if self.byte().is_ascii_digit() {
                return Err(self.malformed(field, "no zero before a number"));
            }
        } else {
            self.some_digits(field)?;
        }
        let mut is_whole = true;
        if self.take(b".") {
            is_whole = false;
            self.some_digits(field)?;
        }
        if self.take(b"eE") {
            is_whole = false;
            self.take(b"+-");
            self.some_digits(field)?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let whole = match (is_whole, is_negative) {
            (false, _) => None,
            (true, false) => text.parse().ok().map(Number::Unsigned),
            // Minus zero is zero.
            (true, true) => text.parse().ok().map(|value: i64| match value {
                0 => Number::Unsigned(0),
                value => Number::Negative(value),
            }),
        };
        let number = whole.or_else(|| text.parse().ok().map(Number::Float));
        match number {
            Some(Number::Float(float)) if float.is_infinite() => {
                Err(self.fail(field, Problem::NotFinite))
            }
            Some(number) => Ok(number),
            None => Err(self.malformed(field, "a number")),
        }
    }

    fn some_digits(&mut self, field: &'static str) -> Result<(), Stop> {
        if !self.byte().is_ascii_digit() {
            return Err(self.malformed(field, "a digit"));
        }
        while self.byte().is_ascii_digit() {
            self.advance(1);
        }
        Ok(())
    }

    fn take(&mut self, one_of: &[u8]) -> bool {
        let found = one_of.contains(&self.byte());
        self.advance(usize::from(found));
        found
    }
}

/// Digits without a zero before them, and how many they are: at most nineteen, which always fit.
#[inline]
fn plain_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    let mut length = 0_usize;
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length = length.wrapping_add(1);
    }
    let leads_with_zero = length > 1 && bytes.first() == Some(&b'0');
    ((1..=19).contains(&length) && !leads_with_zero).then_some((value, length))
}
