//! Shapes: elements of a list mostly differ in a few numbers and texts only.
//!
//! Between those, the bytes of the element before were read by the rules and found to be good; the
//! same bytes are as good again. So they need only be compared, which is many times quicker than
//! reading them, and knows nothing of any agent's order of keys or white space.

use super::Json;
use super::text::end_of_plain;
use crate::source::Scalar;

/// Most numbers and texts of an element that has a shape.
const HOLES: usize = 4;

/// What an element looked like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape<'a> {
    holes: [Hole<'a>; HOLES],
    /// How many there are; none: there is no shape.
    count: usize,
    /// What stands behind the last hole.
    tail: &'a [u8],
}

/// A place where elements differ.
#[derive(Clone, Copy, Debug, Default)]
struct Hole<'a> {
    /// What stands before it, up to the hole before.
    before: &'a [u8],
    is_text: bool,
    /// Whether this is what the element is read for.
    is_wanted: bool,
}

/// What is being learned of an element.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lesson {
    /// From, to, and whether it is a text and is wanted.
    holes: [(usize, usize, bool, bool); HOLES],
    /// May be more than there is room for.
    count: usize,
}

impl Lesson {
    /// A number or the inside of a text was read, as it stands.
    pub(super) fn note(&mut self, from: usize, to: usize, is_text: bool, is_wanted: bool) {
        if let Some(hole) = self.holes.get_mut(self.count) {
            *hole = (from, to, is_text, is_wanted);
        }
        self.count += 1;
    }
}

impl<'a> Json<'a> {
    /// The shape of what was read since `start`; none if it has too many holes, or is read for
    /// more than one of them.
    pub(super) fn shape_since(&self, start: usize, lesson: &Lesson) -> Shape<'a> {
        let mut shape = Shape::default();
        let Some(noted) = lesson.holes.get(..lesson.count) else { return shape };
        if noted.iter().filter(|(_, _, _, is_wanted)| *is_wanted).count() != 1 {
            return shape;
        }
        let mut behind = start;
        for (hole, &(from, to, is_text, is_wanted)) in shape.holes.iter_mut().zip(noted) {
            let before = self.bytes.get(behind..from).unwrap_or_default();
            *hole = Hole { before, is_text, is_wanted };
            behind = to;
        }
        shape.tail = self.bytes.get(behind..self.at).unwrap_or_default();
        shape.count = lesson.count;
        shape
    }

    /// Reads an element of this shape; none, and nothing is read, if it has another.
    #[inline]
    pub(super) fn read_shape(&mut self, shape: &Shape<'a>) -> Option<Scalar<'a>> {
        let bytes = self.bytes;
        let mut at = self.at;
        let mut wanted = None;
        for hole in shape.holes.iter().take(shape.count) {
            if !bytes.get(at..)?.starts_with(hole.before) {
                return None;
            }
            at += hole.before.len();
            let from = at;
            if hole.is_text {
                at = end_of_plain(bytes, from);
                if bytes.get(at) != Some(&b'"') {
                    return None;
                }
                if hole.is_wanted {
                    wanted = Some(Scalar::Text(self.text.get(from..at)?));
                }
            } else {
                let (number, length) = plain_number(bytes.get(from..)?)?;
                at += length;
                if hole.is_wanted {
                    wanted = Some(Scalar::Number(number));
                }
            }
        }
        // Without holes there is no shape, and nothing is wanted.
        if wanted.is_some() && bytes.get(at..)?.starts_with(shape.tail) {
            self.at = at + shape.tail.len();
            return wanted;
        }
        None
    }
}

/// Digits without a zero before them, and how many they are: at most nineteen, which always fit.
#[inline]
pub(super) fn plain_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    let mut length = 0;
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    let leads_with_zero = length > 1 && bytes.first() == Some(&b'0');
    ((1..=19).contains(&length) && !leads_with_zero).then_some((value, length))
}
