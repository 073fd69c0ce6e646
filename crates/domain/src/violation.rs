//! Violations and their events.

use uuid::{Builder, Uuid};

use crate::EpochMs;
use crate::behavior::Behavior;
use crate::format_level::FormatLevel;
use crate::name::{ProfileName, ThingName};
use crate::placement::Placement;
use crate::severity::Severity;
use crate::value::MetricValue;

/// A violation that is open now.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Derived by [`violation_id`].
    pub id: String,
    /// The thing.
    pub thing: ThingName,
    /// The profile.
    pub profile: ProfileName,
    /// The behavior as it was when the violation opened.
    pub behavior: Behavior,
    /// How severe it is: as the profile's tags said when it opened.
    pub severity: Severity,
    /// The last violating value.
    pub last_value: MetricValue,
    /// When the last violating datapoint came.
    pub last_violation_ms: EpochMs,
    /// The first datapoint of the run that led to the alarm.
    pub started_ms: EpochMs,
    /// What an operator says of it.
    pub verification: VerificationState,
    /// Why, in the operator's words.
    pub verification_description: Option<String>,
}

/// Something that happened to a violation.
#[derive(Clone, Debug, PartialEq)]
pub struct ViolationEvent {
    /// The violation's id.
    pub violation_id: String,
    /// The thing.
    pub thing: ThingName,
    /// The profile.
    pub profile: ProfileName,
    /// The behavior as it was.
    pub behavior: Behavior,
    /// How severe the violation is.
    pub severity: Severity,
    /// The value that decided; none if none did (invalidated).
    pub value: Option<MetricValue>,
    /// What happened.
    pub event_type: EventType,
    /// When.
    pub at_ms: EpochMs,
    /// What an operator says of the violation.
    pub verification: VerificationState,
    /// Why, in the operator's words.
    pub verification_description: Option<String>,
}

/// What can happen to a violation (service model, `ViolationEventType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// It opened.
    InAlarm,
    /// Enough datapoints conformed.
    AlarmCleared,
    /// Nobody can tell any more: the behavior changed, or the thing fell silent for too long.
    AlarmInvalidated,
}

impl EventType {
    /// As AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InAlarm => "in-alarm",
            Self::AlarmCleared => "alarm-cleared",
            Self::AlarmInvalidated => "alarm-invalidated",
        }
    }
}

/// An operator's verdict (service model, `VerificationState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is AWS's state of the same name")]
pub enum VerificationState {
    FalsePositive,
    BenignPositive,
    TruePositive,
    #[default]
    Unknown,
}

/// Bits of an id that things of one partition share.
pub const SHARED_BITS: u32 = 12;

/// The id of the violation that a thing's behavior opened at this time by this transition: the
/// same history always gives the same id, so what is written twice is written once.
///
/// A `UUIDv8` that begins with 48 bits of the time, so that ids sort by when violations opened:
/// keys in random order cost a store twenty times the bytes. Then come bits that things of one
/// partition share, since what concerns everyone opens many at once, partition by partition. The
/// rest is a hash of all of it.
/// Times before 1970, which come only of damage, count as 1970. Below [`FormatLevel::Proven`] ids
/// are those of the releases before, the hash alone: what they logged is replayed to the ids that
/// they have stored.
#[must_use]
pub fn violation_id(
    level: FormatLevel,
    thing: &ThingName,
    profile: &ProfileName,
    behavior: &str,
    opened_ms: EpochMs,
    transition: u64,
) -> String {
    let text = format!("{thing}\0{profile}\0{behavior}\0{opened_ms}\0{transition}");
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
    if level < FormatLevel::Proven {
        return hash.to_string();
    }
    let opened = u64::try_from(opened_ms).unwrap_or_default().to_be_bytes();
    let mut bytes = hash.into_bytes();
    // The version takes the upper half of the seventh byte: what is shared is in the two that
    // follow the time, its highest bits last in the seventh.
    let near = (Placement::near(thing.as_str()) >> (Placement::NEAR_BITS - SHARED_BITS)) as u16;
    let head = opened.into_iter().skip(2).chain(near.to_be_bytes());
    for (place, byte) in bytes.iter_mut().zip(head) {
        *place = byte;
    }
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The sixteen bytes of an id that [`violation_id`] gave from [`FormatLevel::Proven`] on, in the
/// same order as the ids; none of any other text.
#[must_use]
pub fn packed_id(id: &str) -> Option<[u8; 16]> {
    let parsed = Uuid::try_parse(id).ok().filter(|parsed| parsed.get_version_num() == 8)?;
    // Other spellings of it are other ids.
    (parsed.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == id)
        .then(|| parsed.into_bytes())
}

/// The id of these bytes.
#[must_use]
pub fn unpacked_id(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(bytes).to_string()
}

/// The bits of such an id that things of one partition share: [`Placement::near`], its highest.
#[must_use]
pub fn shared_bits_of_id(bytes: [u8; 16]) -> u16 {
    let [_, _, _, _, _, _, high, low, ..] = bytes;
    u16::from_be_bytes([high & 0x0F, low])
}

/// When the violation of such an id opened.
#[must_use]
pub fn opened_ms_of_id(bytes: [u8; 16]) -> EpochMs {
    let [a, b, c, d, e, f, ..] = bytes;
    EpochMs::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(thing: &str, behavior: &str, opened_ms: EpochMs, transition: u64) -> String {
        let (thing, profile) = (ThingName::parse(thing), ProfileName::parse("p"));
        let (thing, profile) = (thing.unwrap(), profile.unwrap());
        violation_id(FormatLevel::Proven, &thing, &profile, behavior, opened_ms, transition)
    }

    #[test]
    fn below_the_proven_level_ids_are_those_of_the_first_release() {
        let (thing, profile) =
            (ThingName::parse("lamp").unwrap(), ProfileName::parse("p").unwrap());
        for level in [FormatLevel::First, FormatLevel::Named] {
            let id = violation_id(level, &thing, &profile, "b", 1_780_000_000_000, 1);
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 5);
        }
    }

    #[test]
    fn ids_sort_by_when_violations_opened_and_say_so() {
        let ids: Vec<String> =
            [0, 1, 255, 256, 1_780_000_000_000, 1_780_000_000_001, (1 << 48) - 1]
                .map(|opened_ms| id("lamp", "b", opened_ms, 1))
                .into();
        assert!(ids.is_sorted(), "{ids:?}");
        for id in &ids {
            assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 8, "{id}");
        }
        let opened = 1_780_000_000_000_u64;
        let head = format!("{:08x}-{:04x}-8", opened >> 16, opened & 0xffff);
        assert!(id("lamp", "b", 1_780_000_000_000, 1).starts_with(&head));
    }

    #[test]
    fn an_id_is_packed_and_found_near_its_thing() {
        let text = id("lamp", "b", 1_780_000_000_000, 1);
        let bytes = packed_id(&text).unwrap();
        assert_eq!(unpacked_id(bytes), text);
        assert_eq!(opened_ms_of_id(bytes), 1_780_000_000_000);
        let near = Placement::near("lamp") >> (Placement::NEAR_BITS - SHARED_BITS);
        assert_eq!(u32::from(shared_bits_of_id(bytes)), near);
        for other in ["", "1", &text.to_uppercase(), &text.replace('-', "")] {
            assert_eq!(packed_id(other), None, "{other}");
        }
        let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"of the first release").to_string();
        assert_eq!(packed_id(&hash), None);
    }

    #[test]
    fn everything_that_makes_a_violation_another_makes_its_id_another() {
        let one = id("lamp", "b", 1_780_000_000_000, 1);
        assert_eq!(one, id("lamp", "b", 1_780_000_000_000, 1), "the same history, the same id");
        for other in [
            id("lamp2", "b", 1_780_000_000_000, 1),
            id("lamp", "c", 1_780_000_000_000, 1),
            id("lamp", "b", 1_780_000_000_000, 2),
            id("lamp", "b", 1_780_000_000_001, 1),
        ] {
            assert_ne!(one, other);
        }
    }
}
