//! Numbers of what the index is made of.

/// A session's number in the broker.
pub(crate) type Slot = u32;

/// A node's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(super) u32);

/// A group's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupId(pub(super) u32);

/// Where a subscription stands in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) node: NodeId,
    /// The group, for a shared subscription.
    pub(crate) group: Option<GroupId>,
}

/// A place in the index that a topic matches, and since when it is that place: places of filters
/// that nobody subscribes to any more are used again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched {
    pub(crate) node: NodeId,
    pub(crate) born: u64,
}
