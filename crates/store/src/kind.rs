//! The kinds of documents, and their numbers in files.

/// The kinds of documents. Edges are documents too: key `left\0right`, once in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the noun that its name says")]
pub enum Kind {
    Thing,
    ThingGroup,
    Certificate,
    Policy,
    SecurityProfile,
    Dimension,
    /// `profile\0target`
    TargetOfProfile,
    /// `target\0profile`
    ProfileOfTarget,
    /// `dimension\0profile`: who uses a dimension.
    ProfileOfDimension,
    /// `group\0thing`
    ThingOfGroup,
    /// `thing\0certificate`
    CertificateOfThing,
    /// `target arn\0policy`
    PolicyOfTarget,
    /// API access keys by id.
    AccessKey,
    /// Single values: the internal CA, the relay's position, ...
    Setting,
    /// Custom metrics, by name.
    CustomMetric,
    /// `custom metric\0profile`: who uses a custom metric.
    ProfileOfCustomMetric,
    /// Mutes, by id.
    Mute,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Thing,
        Self::ThingGroup,
        Self::Certificate,
        Self::Policy,
        Self::SecurityProfile,
        Self::Dimension,
        Self::TargetOfProfile,
        Self::ProfileOfTarget,
        Self::ProfileOfDimension,
        Self::ThingOfGroup,
        Self::CertificateOfThing,
        Self::PolicyOfTarget,
        Self::AccessKey,
        Self::Setting,
        Self::CustomMetric,
        Self::ProfileOfCustomMetric,
        Self::Mute,
    ];

    /// The number of the kind in files: it never changes and is never given to another.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Thing => 1,
            Self::ThingGroup => 2,
            Self::Certificate => 3,
            Self::Policy => 4,
            Self::SecurityProfile => 5,
            Self::Dimension => 6,
            Self::TargetOfProfile => 7,
            Self::ProfileOfTarget => 8,
            Self::ProfileOfDimension => 9,
            Self::ThingOfGroup => 10,
            Self::CertificateOfThing => 11,
            Self::PolicyOfTarget => 12,
            Self::AccessKey => 13,
            Self::Setting => 14,
            Self::CustomMetric => 15,
            Self::ProfileOfCustomMetric => 16,
            Self::Mute => 17,
        }
    }

    /// What many of it are called.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Thing => "things",
            Self::ThingGroup => "thing groups",
            Self::Certificate => "certificates",
            Self::Policy => "policies",
            Self::SecurityProfile => "security profiles",
            Self::Dimension => "dimensions",
            Self::TargetOfProfile => "targets of profiles",
            Self::ProfileOfTarget => "profiles of targets",
            Self::ProfileOfDimension => "uses of dimensions",
            Self::ThingOfGroup => "members of groups",
            Self::CertificateOfThing => "certificates of things",
            Self::PolicyOfTarget => "attached policies",
            Self::AccessKey => "access keys",
            Self::Setting => "single settings",
            Self::CustomMetric => "custom metrics",
            Self::ProfileOfCustomMetric => "uses of custom metrics",
            Self::Mute => "mutes",
        }
    }

    /// The kind of this number; none where this release knows none of it.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_number_and_a_plural_of_its_own() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            // The numbers were given in this order, without a gap: a kind that is missing shows.
            assert_eq!(usize::from(kind.code()), place + 1);
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            let namesakes = Kind::ALL.into_iter().filter(|other| other.plural() == kind.plural());
            assert_eq!(namesakes.count(), 1, "{kind:?}");
        }
        assert_eq!(Kind::from_code(0), None);
        assert_eq!(Kind::from_code(18), None);
    }
}
