//! Numbers as they are wanted.

use crate::fault::{Problem, Stop};
use crate::source::{Number, Source};

/// Up to here every whole number has a float of its own.
const WHOLE_FLOATS: f64 = 9_007_199_254_740_992.0;

impl Number {
    /// A whole number between zero and `most`.
    #[inline]
    pub(crate) fn unsigned<'a>(
        self,
        most: i64,
        field: &'static str,
        source: &mut impl Source<'a>,
    ) -> Result<u64, Stop> {
        match self {
            Self::Unsigned(value) if value <= most.unsigned_abs() => Ok(value),
            _ => self.whole(0, most, field, source).map(i64::unsigned_abs),
        }
    }

    /// A whole number of 16 bits.
    #[inline]
    pub(crate) fn port<'a>(
        self,
        field: &'static str,
        source: &mut impl Source<'a>,
    ) -> Result<u16, Stop> {
        let value = self.unsigned(i64::from(u16::MAX), field, source)?;
        Ok(u16::try_from(value).unwrap_or(u16::MAX))
    }

    /// Any whole number of 64 bits.
    #[inline]
    pub(crate) fn signed<'a>(
        self,
        field: &'static str,
        source: &mut impl Source<'a>,
    ) -> Result<i64, Stop> {
        self.whole(i64::MIN, i64::MAX, field, source)
    }

    #[inline]
    pub(crate) fn finite<'a>(
        self,
        field: &'static str,
        source: &mut impl Source<'a>,
    ) -> Result<f64, Stop> {
        let value = match self {
            Self::Unsigned(value) => value as f64,
            Self::Negative(value) => value as f64,
            Self::Float(value) => value,
        };
        if value.is_finite() { Ok(value) } else { Err(source.fail(field, Problem::NotFinite)) }
    }

    fn whole<'a>(
        self,
        least: i64,
        most: i64,
        field: &'static str,
        source: &mut impl Source<'a>,
    ) -> Result<i64, Stop> {
        let value = match self {
            Self::Unsigned(value) => i64::try_from(value).ok(),
            Self::Negative(value) => Some(value),
            Self::Float(value) if !value.is_finite() => {
                return Err(source.fail(field, Problem::NotFinite));
            }
            Self::Float(value) if value.fract() != 0.0 => {
                return Err(source.fail(field, Problem::NotWhole));
            }
            Self::Float(value) => (value.abs() <= WHOLE_FLOATS).then_some(value as i64),
        };
        match value {
            Some(value) if (least..=most).contains(&value) => Ok(value),
            _ => Err(source.fail(field, Problem::OutOfRange(least, most))),
        }
    }
}
