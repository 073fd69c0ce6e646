//! Who is subscribed to what: the index from topics to sessions.

mod groups;
mod index;
mod place;

pub(crate) use place::{GroupId, Matched, NodeId, Place, Slot};

use fleetward_mqtt::topic::TopicFilter;

use crate::seeded::Seeded;
use groups::Groups;
use index::Index;

/// All subscriptions.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    index: Index,
    groups: Groups,
    count: usize,
}

impl Subscriptions {
    pub(crate) fn new(seed: Seeded) -> Self {
        Self { index: Index::new(seed), groups: Groups::new(seed), count: 0 }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Where a subscription with this filter stands or would stand, if the index has the place.
    pub(crate) fn find(&self, filter: &TopicFilter<'_>) -> Option<Place> {
        let node = self.index.find(filter.subject())?;
        let group = match filter.shared() {
            Some(shared) => Some(self.groups.find(node, shared.group)?),
            None => None,
        };
        Some(Place { node, group })
    }

    /// How many share the subscription already; zero for one that is not shared.
    pub(crate) fn members(&self, place: Place) -> usize {
        place.group.map_or(0, |group| self.groups.members(group))
    }

    /// Adds one that the session does not have yet; where it stands, and its place there.
    pub(crate) fn add(&mut self, filter: &TopicFilter<'_>, slot: Slot) -> (Place, u32) {
        self.count += 1;
        let node = self.index.make(filter.subject());
        match filter.shared() {
            Some(shared) => {
                let (group, is_new) = self.groups.join(node, shared.group, slot);
                if is_new {
                    let at = self.index.add_group(node, group);
                    self.groups.set_position(group, at);
                }
                (Place { node, group: Some(group) }, 0)
            }
            None => (Place { node, group: None }, self.index.add_subscriber(node, slot)),
        }
    }

    /// Takes one away; the session whose subscription now stands at `position` instead, if any.
    pub(crate) fn remove(&mut self, place: Place, position: u32, slot: Slot) -> Option<Slot> {
        self.count -= 1;
        let moved = match place.group {
            Some(group) => {
                if let Some(at) = self.groups.leave(group, slot) {
                    let moved = self.index.remove_group(place.node, at);
                    if let Some(moved) = moved {
                        self.groups.set_position(moved, at);
                    }
                }
                None
            }
            None => self.index.remove_subscriber(place.node, position),
        };
        self.index.prune(place.node);
        moved
    }

    /// Writes the places that match into `found`.
    pub(crate) fn matching(&mut self, topic: &str, found: &mut Vec<Matched>) {
        self.index.matching(topic, found);
    }

    /// The sessions subscribed there, unless the place is another's by now.
    pub(crate) fn subscribers(&self, matched: Matched) -> &[Slot] {
        self.index.subscribers(matched)
    }

    /// The groups that share there.
    pub(crate) fn groups(&self, matched: Matched) -> &[GroupId] {
        self.index.groups(matched)
    }

    /// Whether the message of this number comes by the group for the first time.
    pub(crate) fn visit(&mut self, group: GroupId, number: u64) -> bool {
        self.groups.visit(group, number)
    }

    /// The members of a group, the one whose turn it is first, and makes it the next one's turn.
    pub(crate) fn turn(&mut self, group: GroupId) -> impl Iterator<Item = Slot> + '_ {
        self.groups.turn(group)
    }
}

#[cfg(test)]
mod tests;
