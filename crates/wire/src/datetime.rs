//! Points in time as AWS writes them, to and from seconds since 1970 (UTC).

/// Reads `20260831T093000Z`, the form of SigV4.
pub fn parse_basic(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
        return None;
    }
    let day = epoch_days(digits(text, 0, 4)?, digits(text, 4, 2)?, digits(text, 6, 2)?)?;
    let second = second_of_day(digits(text, 9, 2)?, digits(text, 11, 2)?, digits(text, 13, 2)?)?;
    day.checked_mul(DAY_SECONDS)?.checked_add(second)
}

/// Writes the form of SigV4. Years before 0 and after 9999 are not expected and come out longer.
#[must_use]
pub fn format_basic(epoch_seconds: i64) -> String {
    let (date, time) = date_and_time(epoch_seconds);
    format!("{date}T{time}Z").replace(['-', ':'], "")
}

/// Writes ISO 8601: `2026-08-31T09:30:00Z`.
#[must_use]
pub fn format_iso8601(epoch_seconds: i64) -> String {
    let (date, time) = date_and_time(epoch_seconds);
    format!("{date}T{time}Z")
}

/// The date and the time of day in UTC: `2026-08-31` and `09:30:00`.
#[must_use]
pub fn date_and_time(epoch_seconds: i64) -> (String, String) {
    let (year, month, day) = civil(epoch_seconds.div_euclid(DAY_SECONDS));
    let second = epoch_seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let date = format!("{year:04}-{month:02}-{day:02}");
    (date, format!("{hour:02}:{minute:02}:{:02}", second % 60))
}

/// Reads ISO 8601 as the SDKs write it into queries: `2026-08-31T09:30:00Z`, with an optional
/// fraction of a second, and `Z` or an offset such as `+02:00`.
pub fn parse_iso8601(text: &str) -> Option<f64> {
    let at = |index: usize| text.as_bytes().get(index).copied();
    let is_separated = at(4) == Some(b'-')
        && at(7) == Some(b'-')
        && matches!(at(10), Some(b'T' | b't' | b' '))
        && at(13) == Some(b':')
        && at(16) == Some(b':');
    if !is_separated {
        return None;
    }
    let day = epoch_days(digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?)?;
    let second = second_of_day(digits(text, 11, 2)?, digits(text, 14, 2)?, digits(text, 17, 2)?)?;
    let (fraction, zone) = split_fraction(text.get(19..)?)?;
    let seconds = day.checked_mul(DAY_SECONDS)?.checked_add(second)?;
    Some(seconds.checked_sub(zone_seconds(zone)?)? as f64 + fraction)
}

const DAY_SECONDS: i64 = 86_400;

fn digits(text: &str, from: usize, count: usize) -> Option<i64> {
    let part = text.get(from..from.checked_add(count)?)?;
    if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
}

/// Splits `.250Z` into 0.25 and `Z`.
fn split_fraction(rest: &str) -> Option<(f64, &str)> {
    let Some(after_point) = rest.strip_prefix('.') else { return Some((0.0, rest)) };
    let end = after_point.find(|letter: char| !letter.is_ascii_digit())?;
    let (fraction, zone) = after_point.split_at_checked(end)?;
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    Some((format!("0.{fraction}").parse().ok()?, zone))
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone.as_bytes().get(3) != Some(&b':') {
        return None;
    }
    second_of_day(digits(zone, 1, 2)?, digits(zone, 4, 2)?, 0)?.checked_mul(sign)
}

#[allow(clippy::arithmetic_side_effects, reason = "each has two digits")]
fn second_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let is_valid = hour < 24 && minute < 60 && second < 60;
    is_valid.then_some(hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of a date of the Gregorian calendar; years count from March, so that the leap
/// day is a year's last.
#[allow(clippy::arithmetic_side_effects, reason = "a year has four digits")]
fn epoch_days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let era = year_from_march.div_euclid(400);
    let year_of_era = year_from_march.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // A day that the month does not have, such as February 30, comes back as another date.
    (civil(days) == (year, month, day)).then_some(days)
}

/// The inverse of [`epoch_days`]: year, month and day.
#[allow(clippy::arithmetic_side_effects, reason = "seconds fit into i64, days far better")]
fn civil(epoch_days: i64) -> (i64, i64, i64) {
    let days = epoch_days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_points_in_time() {
        assert_eq!(parse_basic("19700101T000000Z"), Some(0));
        assert_eq!(parse_basic("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(format_basic(1_440_938_160), "20150830T123600Z");
        assert_eq!(format_iso8601(1_440_938_160), "2015-08-30T12:36:00Z");
        assert_eq!(date_and_time(-1), ("1969-12-31".to_owned(), "23:59:59".to_owned()));
        for wrong in ["20150830T123600", "20150230T123600Z", "2015083aT123600Z", "", "\u{fc}"] {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn iso_8601_as_the_sdks_write_it() {
        let table = [
            ("2015-08-30T12:36:00Z", Some(1_440_938_160.0)),
            ("2015-08-30T12:36:00.250Z", Some(1_440_938_160.25)),
            ("2015-08-30T14:36:00+02:00", Some(1_440_938_160.0)),
            ("2015-08-30T12:06:00-00:30", Some(1_440_938_160.0)),
            ("2016-02-29T00:00:00Z", Some(1_456_704_000.0)),
            ("2015-02-29T00:00:00Z", None),
            ("2015-08-30T24:00:00Z", None),
            ("2015-08-30", None),
            ("2015-08-30T12:36:00", None),
            ("2015-08-30T12:36:00.Z", None),
            ("yesterday", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_iso8601(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(epoch_seconds in 0_i64..253_402_300_800) {
            prop_assert_eq!(parse_basic(&format_basic(epoch_seconds)), Some(epoch_seconds));
            let written = format_iso8601(epoch_seconds);
            prop_assert_eq!(parse_iso8601(&written), Some(epoch_seconds as f64));
        }

        #[test]
        fn any_text_has_an_answer(text in "\\PC{0,30}") {
            let _ = (parse_basic(&text), parse_iso8601(&text));
        }
    }
}
