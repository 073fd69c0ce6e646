//! Texts in JSON.

use std::borrow::Cow;

use super::Json;
use crate::fault::{Step, Stop};

impl<'a> Json<'a> {
    /// Reads a text from behind its opening quote.
    #[inline]
    pub(super) fn quoted(&mut self, field: &'static str) -> Result<Cow<'a, str>, Stop> {
        let start = self.at;
        self.at = end_of_plain(self.bytes, start);
        if self.byte() != b'"' {
            return self.escaped(start, field).map(Cow::Owned);
        }
        let end = self.at;
        self.advance(1);
        // Between quotes, which are characters of their own, so this is never nothing.
        Ok(Cow::Borrowed(self.text.get(start..end).unwrap_or_default()))
    }

    /// Passes over a text from behind its opening quote.
    #[inline]
    pub(super) fn skip_quoted(&mut self) -> Step {
        let start = self.at;
        self.at = end_of_plain(self.bytes, start);
        if self.byte() != b'"' {
            return self.escaped(start, "the report").map(|_| ());
        }
        self.advance(1);
        Ok(())
    }

    /// Reads a text that has escapes, of which the plain part before `self.at` was read.
    #[cold]
    pub(super) fn escaped(&mut self, start: usize, field: &'static str) -> Result<String, Stop> {
        let mut text = String::new();
        let mut plain = start;
        loop {
            text.push_str(self.text.get(plain..self.at).unwrap_or_default());
            match self.byte() {
                b'"' => {
                    self.advance(1);
                    return Ok(text);
                }
                b'\\' => {
                    self.advance(1);
                    text.push(self.escape(field)?);
                }
                _ if self.at >= self.bytes.len() => {
                    return Err(self.malformed(field, "the end of a text"));
                }
                _ => return Err(self.malformed(field, "no control character in a text")),
            }
            plain = self.at;
            self.at = end_of_plain(self.bytes, plain);
        }
    }

    fn escape(&mut self, field: &'static str) -> Result<char, Stop> {
        let escape = self.byte();
        self.advance(1);
        Ok(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(field),
            _ => return Err(self.malformed(field, "an escape")),
        })
    }

    /// A character beyond the first 65,536 is written as two halves.
    fn unicode(&mut self, field: &'static str) -> Result<char, Stop> {
        let first = self.four_digits(field)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first)
                .ok_or_else(|| self.malformed(field, "the first half of a character"));
        }
        let follows = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"));
        if follows {
            self.advance(2);
            let second = self.four_digits(field)?;
            if (0xdc00..0xe000).contains(&second) {
                // Ten bits of each half, behind the first 65,536 characters.
                let code = 0x1_0000_u32.wrapping_add((first & 0x3ff) << 10 | second & 0x3ff);
                if let Some(character) = char::from_u32(code) {
                    return Ok(character);
                }
            }
        }
        Err(self.malformed(field, "the second half of a character"))
    }

    fn four_digits(&mut self, field: &'static str) -> Result<u32, Stop> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()).to_digit(16);
            let Some(digit) = digit else {
                return Err(self.malformed(field, "a hexadecimal digit"));
            };
            code = code << 4 | digit;
            self.advance(1);
        }
        Ok(code)
    }
}

/// Where characters that stand for themselves end: at a quote, a backslash, a control
/// character or the end. Eight bytes at a time.
#[inline]
pub(super) fn end_of_plain(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = marks_in(u64::from_le_bytes(*eight));
        if marks != 0 {
            return at.wrapping_add((marks.trailing_zeros() / 8) as usize);
        }
        at = at.wrapping_add(8);
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at.wrapping_add(rest.iter().position(|byte| is_mark(*byte)).unwrap_or(rest.len()))
}

fn is_mark(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// The high bit of each byte that is a mark; behind the first mark there may be wrong ones.
#[inline]
fn marks_in(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    const SPACES: u64 = ONES * b' ' as u64;
    let zero_in = |value: u64| value.wrapping_sub(ONES) & !value;
    let quotes = zero_in(eight ^ QUOTES);
    let backslashes = zero_in(eight ^ BACKSLASHES);
    let controls = eight.wrapping_sub(SPACES) & !eight;
    (quotes | backslashes | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_of_eight_bytes_is_found_whatever_stands_around_it() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                for filler in [b'a', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xff] {
                    let mut eight = [filler; 8];
                    eight[place] = byte;
                    let expected = eight.iter().position(|byte| is_mark(*byte));
                    let marks = marks_in(u64::from_le_bytes(eight));
                    let found = (marks != 0).then_some((marks.trailing_zeros() / 8) as usize);
                    assert_eq!(found, expected, "{eight:x?}");
                }
            }
        }
    }
}
