//! Groups of shared subscriptions: of each message one member gets it, in turn.

use hashbrown::HashTable;

use super::place::{GroupId, NodeId, Slot};
use crate::seeded::Seeded;
use crate::slab::Slab;

#[derive(Debug)]
struct Group {
    node: NodeId,
    name: Box<str>,
    members: Vec<Slot>,
    /// Whose turn it is.
    next: usize,
    /// Its place among the groups of its node.
    position: u32,
    /// Number of the message that came by last.
    mark: u64,
}

/// All groups, found by filter and name.
#[derive(Debug)]
pub(crate) struct Groups {
    seed: Seeded,
    groups: Slab<Group>,
    by_name: HashTable<u32>,
}

impl Groups {
    pub(super) fn new(seed: Seeded) -> Self {
        Self { seed, groups: Slab::default(), by_name: HashTable::new() }
    }

    pub(super) fn find(&self, node: NodeId, name: &str) -> Option<GroupId> {
        let is_it = |at: &u32| {
            self.groups.get(*at).is_some_and(|group| group.node == node && *group.name == *name)
        };
        self.by_name.find(self.seed.of((node, name)), is_it).copied().map(GroupId)
    }

    pub(super) fn members(&self, id: GroupId) -> usize {
        self.groups.get(id.0).map_or(0, |group| group.members.len())
    }

    /// Adds a member; the group, and whether it is new.
    pub(super) fn join(&mut self, node: NodeId, name: &str, slot: Slot) -> (GroupId, bool) {
        if let Some(id) = self.find(node, name) {
            if let Some(group) = self.groups.get_mut(id.0) {
                group.members.push(slot);
            }
            return (id, false);
        }
        let group =
            Group { node, name: name.into(), members: vec![slot], next: 0, position: 0, mark: 0 };
        let at = self.groups.insert(group);
        let (seed, groups) = (self.seed, &self.groups);
        let rehash =
            |at: &u32| groups.get(*at).map_or(0, |group| seed.of((group.node, &*group.name)));
        self.by_name.insert_unique(seed.of((node, name)), at, rehash);
        (GroupId(at), true)
    }

    /// Takes a member away; the place among its node's groups of one that is empty and gone.
    pub(super) fn leave(&mut self, id: GroupId, slot: Slot) -> Option<u32> {
        let group = self.groups.get_mut(id.0)?;
        if let Some(at) = group.members.iter().position(|member| *member == slot) {
            group.members.remove(at);
            if group.next > at {
                group.next -= 1;
            }
        }
        if !group.members.is_empty() {
            return None;
        }
        let hash = self.seed.of((group.node, &*group.name));
        if let Ok(entry) = self.by_name.find_entry(hash, |at| *at == id.0) {
            entry.remove();
        }
        self.groups.remove(id.0).map(|group| group.position)
    }

    pub(super) fn set_position(&mut self, id: GroupId, position: u32) {
        if let Some(group) = self.groups.get_mut(id.0) {
            group.position = position;
        }
    }

    /// Whether the message of this number comes by for the first time.
    pub(super) fn visit(&mut self, id: GroupId, number: u64) -> bool {
        match self.groups.get_mut(id.0) {
            Some(group) => std::mem::replace(&mut group.mark, number) != number,
            None => false,
        }
    }

    /// The members from the one whose turn it is, which then is over.
    pub(super) fn turn(&mut self, id: GroupId) -> impl Iterator<Item = Slot> + '_ {
        let group = self.groups.get_mut(id.0);
        let (members, first): (&[Slot], usize) = match group {
            Some(group) => {
                let first = if group.next < group.members.len() { group.next } else { 0 };
                group.next = first + 1;
                (&group.members, first)
            }
            None => (&[], 0),
        };
        members.iter().cycle().skip(first).take(members.len()).copied()
    }
}
