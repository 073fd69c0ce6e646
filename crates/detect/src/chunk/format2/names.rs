//! The names at a chunk's head, each written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use fleetward_domain::{BehaviorName, EpochMs, Measure, ProfileName};
use fleetward_shape::cbor::{
    Decoder, Error, Fields, dimension, metric, name, optional, whole, write_list,
};

use super::super::{Writer, Written, length, list};
use crate::catalog::{Audience, AudienceKey};
use crate::measure::Doors;
use crate::partition::Partition;
use crate::plan::Plan;
use crate::thing_state::ThingState;

/// What the things of a chunk refer to, as it is gathered for writing.
#[derive(Default)]
pub(in super::super) struct Names<'a> {
    /// The doors through which any of the things is connected, a bit each.
    doors: u64,
    profiles: Numbered<&'a ProfileName>,
    series: Numbered<(&'a Measure, EpochMs)>,
    behaviors: Numbered<(u32, &'a BehaviorName)>,
    layouts: Vec<Layout>,
    /// The plans that were seen, each with the place of its layout.
    plans: Vec<(&'a Arc<Plan>, usize)>,
    /// Each with the place of its layout.
    audiences: Vec<(u32, &'a Audience, u32)>,
}

/// The series and behaviors of an audience, in the order in which its things have their windows
/// and runs, each by its place in the chunk's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Layout {
    pub(in super::super) series: Vec<u32>,
    pub(in super::super) behaviors: Vec<u32>,
}

/// Names, and the order in which they came.
struct Numbered<T> {
    places: BTreeMap<T, u32>,
    in_order: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), in_order: Vec::new() }
    }
}

impl<T: Ord + Copy> Numbered<T> {
    fn place(&mut self, name: T) -> u32 {
        let next = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(name).or_insert(next);
        if place == next {
            self.in_order.push(name);
        }
        place
    }
}

impl<'a> Names<'a> {
    /// Sees to it that everything has a name that a thing refers to: the place of its audience.
    pub(in super::super) fn name(
        &mut self,
        thing: &ThingState,
        partition: &'a Partition,
    ) -> Option<usize> {
        self.doors |= thing.measured.doors() | thing.measured.doors_last();
        let waiting = thing.measured.waiting().iter();
        self.doors |= waiting.fold(0, |doors, waiting| doors | waiting.doors);
        let own = thing.audience;
        if let Some(known) = self.audiences.iter().position(|(audience, ..)| *audience == own) {
            return Some(known);
        }
        let audience = partition.catalog.audiences.get(own)?;
        let layout = self.layout(&audience.planned.plan);
        self.audiences.push((own, audience, layout));
        Some(self.audiences.len() - 1)
    }

    /// Many audiences have the same plan, and some have plans that are alike.
    fn layout(&mut self, plan: &'a Arc<Plan>) -> u32 {
        let known = self.plans.iter().find(|(known, _)| Arc::ptr_eq(known, plan));
        let place = known.map(|(_, place)| *place).unwrap_or_else(|| {
            let layout = self.layout_of(plan);
            let alike = self.layouts.iter().position(|known| *known == layout);
            let place = alike.unwrap_or(self.layouts.len());
            if alike.is_none() {
                self.layouts.push(layout);
            }
            self.plans.push((plan, place));
            place
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    fn layout_of(&mut self, plan: &'a Plan) -> Layout {
        let mut layout = Layout::default();
        for slot in &plan.measures.slots {
            layout.series.push(self.series.place((slot.series.measure(), slot.window_ms)));
        }
        for rule in &plan.rules {
            let profile = self.profiles.place(&rule.profile.name);
            layout.behaviors.push(self.behaviors.place((profile, &rule.behavior.name)));
        }
        layout
    }

    /// A thing's doors as bits by the place in the chunk's list.
    pub(in super::super) fn doors_in_chunk(&self, doors: u64) -> u64 {
        let bits = (0..64).filter(|bit| self.doors >> bit & 1 == 1);
        bits.zip(0..).filter(|(bit, _)| doors >> bit & 1 == 1).map(|(_, at)| 1 << at).sum()
    }

    /// `begins`: also since when each behavior counts, which format 2 does not say.
    pub(in super::super) fn write(
        &self,
        e: &mut Writer,
        partition: &Partition,
        begins: bool,
    ) -> Written {
        // Only doors that a thing here is connected through: the chunk means nothing beyond them.
        let doors = partition.doors.places().iter().enumerate();
        let doors: Vec<_> = doors.filter(|(bit, _)| self.doors >> bit & 1 == 1).collect();
        e.array(doors.len() as u64)?;
        for (_, door) in doors {
            e.str(&door.name)?;
        }
        write_list(e, &self.profiles.in_order, |e, profile| name::write(e, profile.as_str()))?;
        e.array(self.series.in_order.len() as u64)?;
        for (measure, window_ms) in &self.series.in_order {
            e.array(3)?;
            metric::write(e, &measure.metric)?;
            optional(e, true, measure.dimension.as_ref(), dimension::write)?;
            e.i64(*window_ms)?;
        }
        write_list(e, &self.behaviors.in_order, |e, (profile, behavior)| {
            e.array(2)?.u32(*profile)?.str(behavior.as_str())?;
            Ok(())
        })?;
        e.array(self.layouts.len() as u64)?;
        for layout in &self.layouts {
            e.array(2)?;
            write_list(e, &layout.series, |e, place| whole(e, *place))?;
            write_list(e, &layout.behaviors, |e, place| whole(e, *place))?;
        }
        e.array(self.audiences.len() as u64)?;
        for (_, audience, layout) in &self.audiences {
            let key = &audience.key;
            e.array(3 + u64::from(begins))?.bool(key.registered)?;
            write_list(e, &key.groups, |e, group| name::write(e, group.as_str()))?;
            e.u32(*layout)?;
            if begins {
                let begins = audience.planned.begins.of_readers();
                write_list(e, begins, |e, begin_ms| {
                    e.i64(*begin_ms)?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

/// The names as they are read.
pub(in super::super) struct Named {
    doors: Vec<String>,
    profiles: Vec<ProfileName>,
    series: Vec<(Measure, EpochMs)>,
    behaviors: Vec<(u32, BehaviorName)>,
    layouts: Vec<Layout>,
    /// Each with the place of its layout.
    pub(in super::super) audiences: Vec<(AudienceKey, u32)>,
    /// For each audience since when its behaviors count, if it says so.
    pub(in super::super) begins: Vec<Vec<EpochMs>>,
}

impl Named {
    pub(in super::super) fn read(d: &mut Decoder<'_>, begins: bool) -> Result<Self, Error> {
        // Beside the audiences, which formats without them read alike.
        let mut all_begins = Vec::new();
        Ok(Self {
            doors: list(d, name::text)?,
            profiles: list(d, name::read)?,
            series: list(d, |d| {
                let mut fields = Fields::begin(d, 3)?;
                let metric = fields.required(d, metric::read)?;
                let dimension = fields.optional(d, dimension::read)?;
                Ok((Measure { metric, dimension }, fields.required(d, Decoder::i64)?))
            })?,
            behaviors: list(d, |d| {
                length(d)?;
                Ok((d.u32()?, name::read(d)?))
            })?,
            layouts: list(d, |d| {
                length(d)?;
                Ok(Layout { series: list(d, Decoder::u32)?, behaviors: list(d, Decoder::u32)? })
            })?,
            audiences: list(d, |d| {
                length(d)?;
                let key = AudienceKey::new(d.bool()?, &list(d, name::read)?);
                let layout = d.u32()?;
                if begins {
                    all_begins.push(list(d, Decoder::i64)?);
                }
                Ok((key, layout))
            })?,
            begins: all_begins,
        })
    }

    pub(in super::super) fn layout(&self, place: u32) -> Option<&Layout> {
        self.layouts.get(place as usize)
    }

    pub(in super::super) fn series(&self, place: u32) -> Option<&(Measure, EpochMs)> {
        self.series.get(place as usize)
    }

    pub(in super::super) fn behavior(&self, place: u32) -> Option<(&ProfileName, &BehaviorName)> {
        let (profile, behavior) = self.behaviors.get(place as usize)?;
        Some((self.profiles.get(*profile as usize)?, behavior))
    }

    /// A thing's doors as bits by the place in the partition, which may know them in another
    /// order. Through a door that it does not know nothing is connected.
    pub(in super::super) fn doors_in_partition(&self, doors: u64, known: &Doors) -> u64 {
        let own = self.doors.iter().take(64).zip(0..).filter(|(_, at)| doors >> at & 1 == 1);
        let bits = own.filter_map(|(name, _)| {
            known.places().iter().position(|door| door.name == *name).map(|bit| 1_u64 << bit)
        });
        bits.fold(0, |all, bit| all | bit)
    }
}
