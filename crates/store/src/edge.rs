//! Edges between documents: both ends are in the key.

/// The key of an edge.
#[must_use]
pub fn edge_key(left: &str, right: &str) -> String {
    format!("{left}\0{right}")
}

/// The start of the keys of all edges from here.
#[must_use]
pub fn edges_from(left: &str) -> String {
    edge_key(left, "")
}

/// The two ends of an edge's key.
#[must_use]
pub fn edge_ends(key: &str) -> (&str, &str) {
    key.split_once('\0').unwrap_or((key, ""))
}
