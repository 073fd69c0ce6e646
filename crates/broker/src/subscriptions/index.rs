//! The index itself: a tree of topic levels in a slab, its edges in one table, walked level by
//! level. Nothing recurses, so depth costs memory that is counted and never the stack.
//!
//! A filter without wildcards, which most are, is one node beside the tree, under its whole text.

use hashbrown::HashTable;

use super::place::{GroupId, Matched, NodeId, Slot};
use crate::seeded::Seeded;
use crate::slab::Slab;

/// Parent of the first levels of filters with wildcards.
const TREE: u32 = u32::MAX;
/// Parent of filters without wildcards.
const EXACT: u32 = u32::MAX - 1;

#[derive(Debug)]
struct Node {
    parent: u32,
    /// One level, or under [`EXACT`] the whole filter.
    level: Box<str>,
    /// Tells it from earlier nodes of this number.
    born: u64,
    children: u32,
    /// Whether a child may be `+` or `#`: saves a look into the table.
    has_wild_child: bool,
    subscribers: Vec<Slot>,
    groups: Vec<GroupId>,
}

/// Filters and who is subscribed to them.
#[derive(Debug)]
pub(super) struct Index {
    seed: Seeded,
    nodes: Slab<Node>,
    edges: HashTable<u32>,
    /// Nodes in the tree; with none, only exact filters can match.
    in_tree: usize,
    births: u64,
    /// Kept from call to call: the nodes that the levels so far lead to, and those of the next.
    reached: Vec<u32>,
    next: Vec<u32>,
}

fn is_wild(filter: &str) -> bool {
    filter.bytes().any(|byte| matches!(byte, b'+' | b'#'))
}

impl Index {
    pub(super) fn new(seed: Seeded) -> Self {
        Self {
            seed,
            nodes: Slab::default(),
            edges: HashTable::new(),
            in_tree: 0,
            births: 0,
            reached: Vec::new(),
            next: Vec::new(),
        }
    }

    /// The node of a filter.
    pub(super) fn find(&self, filter: &str) -> Option<NodeId> {
        if !is_wild(filter) {
            return self.child(EXACT, filter).map(NodeId);
        }
        let mut at = TREE;
        for level in filter.split('/') {
            at = self.child(at, level)?;
        }
        Some(NodeId(at))
    }

    /// The node of a filter, made where it is missing.
    pub(super) fn make(&mut self, filter: &str) -> NodeId {
        if !is_wild(filter) {
            return NodeId(self.child_or_new(EXACT, filter));
        }
        let mut at = TREE;
        for level in filter.split('/') {
            at = self.child_or_new(at, level);
        }
        NodeId(at)
    }

    pub(super) fn add_subscriber(&mut self, id: NodeId, slot: Slot) -> u32 {
        let Some(node) = self.nodes.get_mut(id.0) else { return 0 };
        node.subscribers.push(slot);
        u32::try_from(node.subscribers.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes away the one at `position`; the last one then stands there, and is returned.
    pub(super) fn remove_subscriber(&mut self, id: NodeId, position: u32) -> Option<Slot> {
        let node = self.nodes.get_mut(id.0)?;
        swap_out(&mut node.subscribers, position)
    }

    pub(super) fn add_group(&mut self, id: NodeId, group: GroupId) -> u32 {
        let Some(node) = self.nodes.get_mut(id.0) else { return 0 };
        node.groups.push(group);
        u32::try_from(node.groups.len() - 1).unwrap_or(u32::MAX)
    }

    /// As [`Self::remove_subscriber`].
    pub(super) fn remove_group(&mut self, id: NodeId, position: u32) -> Option<GroupId> {
        let node = self.nodes.get_mut(id.0)?;
        swap_out(&mut node.groups, position)
    }

    /// Takes away the node and those above it that lead to nobody.
    pub(super) fn prune(&mut self, id: NodeId) {
        let mut at = id.0;
        while let Some(node) = self.nodes.get(at) {
            if node.children > 0 || !node.subscribers.is_empty() || !node.groups.is_empty() {
                return;
            }
            let hash = self.seed.of((node.parent, &*node.level));
            let parent = node.parent;
            if let Ok(entry) = self.edges.find_entry(hash, |edge| *edge == at) {
                entry.remove();
            }
            self.nodes.remove(at);
            if parent != EXACT {
                self.in_tree -= 1;
            }
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children -= 1;
            }
            at = parent;
        }
    }

    /// Writes the nodes of filters that match the topic name into `found`.
    pub(super) fn matching(&mut self, topic: &str, found: &mut Vec<Matched>) {
        found.clear();
        if let Some(exact) = self.child(EXACT, topic) {
            self.note(exact, found);
        }
        if self.in_tree == 0 {
            return;
        }
        let mut reached = std::mem::take(&mut self.reached);
        let mut next = std::mem::take(&mut self.next);
        reached.clear();
        reached.push(TREE);
        for level in topic.split('/') {
            next.clear();
            for &at in &reached {
                // A wildcard in the first place matches no topic that begins with `$`.
                if self.may_go_wild(at) && !(at == TREE && topic.starts_with('$')) {
                    next.extend(self.child(at, "+"));
                    if let Some(rest) = self.child(at, "#") {
                        self.note(rest, found);
                    }
                }
                next.extend(self.child(at, level));
            }
            std::mem::swap(&mut reached, &mut next);
        }
        for &at in &reached {
            self.note(at, found);
            // `a/#` matches `a` too.
            if self.may_go_wild(at)
                && let Some(rest) = self.child(at, "#")
            {
                self.note(rest, found);
            }
        }
        (self.reached, self.next) = (reached, next);
    }

    pub(super) fn subscribers(&self, matched: Matched) -> &[Slot] {
        self.living(matched).map_or(&[], |node| &node.subscribers)
    }

    pub(super) fn groups(&self, matched: Matched) -> &[GroupId] {
        self.living(matched).map_or(&[], |node| &node.groups)
    }

    fn living(&self, matched: Matched) -> Option<&Node> {
        self.nodes.get(matched.node.0).filter(|node| node.born == matched.born)
    }

    fn note(&self, at: u32, found: &mut Vec<Matched>) {
        if let Some(node) = self.nodes.get(at)
            && !(node.subscribers.is_empty() && node.groups.is_empty())
        {
            found.push(Matched { node: NodeId(at), born: node.born });
        }
    }

    fn may_go_wild(&self, at: u32) -> bool {
        at == TREE || self.nodes.get(at).is_some_and(|node| node.has_wild_child)
    }

    fn child(&self, parent: u32, level: &str) -> Option<u32> {
        let is_it = |at: &u32| {
            self.nodes.get(*at).is_some_and(|node| node.parent == parent && *node.level == *level)
        };
        self.edges.find(self.seed.of((parent, level)), is_it).copied()
    }

    fn child_or_new(&mut self, parent: u32, level: &str) -> u32 {
        if let Some(child) = self.child(parent, level) {
            return child;
        }
        self.births += 1;
        let at = self.nodes.insert(Node {
            parent,
            level: level.into(),
            born: self.births,
            children: 0,
            has_wild_child: false,
            subscribers: Vec::new(),
            groups: Vec::new(),
        });
        if parent != EXACT {
            self.in_tree += 1;
        }
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children += 1;
            parent.has_wild_child |= matches!(level, "+" | "#");
        }
        let (seed, nodes) = (self.seed, &self.nodes);
        let rehash =
            |at: &u32| nodes.get(*at).map_or(0, |node| seed.of((node.parent, &*node.level)));
        self.edges.insert_unique(seed.of((parent, level)), at, rehash);
        at
    }

    #[cfg(test)]
    pub(super) fn node_count(&self) -> usize {
        self.nodes.len()
    }
}

fn swap_out<T: Copy>(list: &mut Vec<T>, position: u32) -> Option<T> {
    let at = position as usize;
    if at >= list.len() {
        return None;
    }
    list.swap_remove(at);
    // Long lists give room back once they are short.
    if list.capacity() > 32 && list.len() < list.capacity() / 4 {
        list.shrink_to(list.len() * 2);
    }
    list.get(at).copied()
}
