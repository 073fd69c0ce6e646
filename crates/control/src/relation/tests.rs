use std::collections::BTreeSet;

use super::*;

#[test]
fn what_is_drawn_is_erased_in_both_directions() {
    for relation in Relation::ALL {
        let mut tx = Tx::default();
        relation.draw(&mut tx, "one", "two");
        relation.erase(&mut tx, "one", "two");
        let drawn: Vec<_> = tx.puts.into_iter().map(|(kind, key, _)| (kind, key)).collect();
        assert_eq!(drawn, tx.deletes, "{relation:?}");
        let mut expected = vec![(relation.forth, "one\0two".to_owned())];
        expected.extend(relation.back.map(|back| (back, "two\0one".to_owned())));
        assert_eq!(drawn, expected);
    }
}

#[test]
fn every_kind_of_edge_belongs_to_one_relation() {
    let kinds: Vec<Kind> =
        Relation::ALL.into_iter().flat_map(|r| [Some(r.forth), r.back]).flatten().collect();
    let distinct: BTreeSet<Kind> = kinds.iter().copied().collect();
    assert_eq!(distinct.len(), kinds.len(), "{kinds:?}");
    // Edges are named after both of their ends.
    let edges = Kind::ALL.into_iter().filter(|kind| format!("{kind:?}").contains("Of"));
    let edges = edges.filter(|kind| *kind != Kind::CertificateOfThing);
    assert_eq!(distinct, edges.collect());
}
