//! Audiences: things that are the same to every profile, since they are in the same groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::GroupName;

use crate::measure::Clock;
use crate::migration::Planned;

/// The audience of all things that are not registered. It is always there.
pub(crate) const UNREGISTERED: u32 = 0;

/// What profiles look at when they choose things.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AudienceKey {
    pub(crate) registered: bool,
    /// Own groups and all above them, sorted, each once.
    pub(crate) groups: Vec<GroupName>,
}

impl AudienceKey {
    pub(crate) fn new(registered: bool, groups: &[GroupName]) -> Self {
        let mut groups = if registered { groups.to_vec() } else { Vec::new() };
        groups.sort_unstable();
        groups.dedup();
        Self { registered, groups }
    }
}

/// Things that are the same to every profile.
#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) key: AudienceKey,
    /// What they are measured and judged by.
    pub(crate) planned: Planned,
    /// How many things are in it.
    pub(crate) things: u32,
}

/// All audiences. Places are given anew when nobody is left; they are never stored.
#[derive(Debug)]
pub(crate) struct Audiences {
    places: Vec<Audience>,
    by_key: BTreeMap<AudienceKey, u32>,
    free: Vec<u32>,
}

impl Audiences {
    pub(crate) fn new() -> Self {
        let key = AudienceKey::default();
        let by_key = BTreeMap::from([(key.clone(), UNREGISTERED)]);
        let places = vec![Audience { key, planned: Planned::default(), things: 0 }];
        Self { places, by_key, free: Vec::new() }
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Audience> {
        self.places.get(place as usize)
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Audience> {
        self.places.get_mut(place as usize)
    }

    /// The plan of each, by place.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &crate::plan::Plan> {
        self.places.iter().map(|audience| &*audience.planned.plan)
    }

    pub(crate) fn find(&self, key: &AudienceKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    /// Every audience that is in use, with its place.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Audience)> {
        (0..).zip(self.places.iter_mut())
    }

    /// The clock was set back: nobody begins later than this.
    pub(crate) fn begin_by(&mut self, clock: &Clock) {
        for audience in &mut self.places {
            if audience.planned.begins.latest_ms() > clock.now_ms {
                Arc::make_mut(&mut audience.planned.begins).at_most(clock.now_ms);
            }
        }
    }

    pub(crate) fn insert(&mut self, key: AudienceKey, planned: Planned) -> u32 {
        let audience = Audience { key: key.clone(), planned, things: 0 };
        let free = self.free.pop();
        let place = match free.and_then(|place| self.places.get_mut(place as usize)) {
            Some(old) => {
                *old = audience;
                free.unwrap_or_default()
            }
            None => {
                self.places.push(audience);
                u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_key.insert(key, place);
        place
    }

    /// One more thing.
    pub(crate) fn join(&mut self, place: u32) {
        if let Some(audience) = self.places.get_mut(place as usize) {
            audience.things += 1;
        }
    }

    /// One thing less; an audience without things is forgotten.
    pub(crate) fn leave(&mut self, place: u32) {
        let Some(audience) = self.places.get_mut(place as usize) else { return };
        audience.things = audience.things.saturating_sub(1);
        if audience.things == 0 && place != UNREGISTERED {
            self.by_key.remove(&audience.key);
            audience.planned = Planned::default();
            audience.key = AudienceKey::default();
            self.free.push(place);
        }
    }
}
