use fleetward_mqtt::topic::{TopicFilter, TopicName, matches};
use proptest::prelude::*;

use super::*;

fn filter(text: &str) -> TopicFilter<'_> {
    TopicFilter::parse(text).unwrap()
}

fn new() -> Subscriptions {
    Subscriptions::new(Seeded(7))
}

fn matched(subscriptions: &mut Subscriptions, topic: &str) -> Vec<Slot> {
    let mut found = Vec::new();
    subscriptions.matching(topic, &mut found);
    let all = found.iter().flat_map(|matched| subscriptions.subscribers(*matched));
    let mut slots: Vec<Slot> = all.copied().collect();
    slots.sort_unstable();
    slots
}

#[test]
fn an_emptied_index_holds_no_node() {
    let mut all = new();
    let filters = ["a/+/b/#", "a/+", "#", "a/b/c", "$share/g/a/+", "$share/g/a/b", "+/+/+"];
    let places: Vec<_> = filters.iter().map(|text| (all.add(&filter(text), 1), *text)).collect();
    for ((place, position), text) in places {
        assert_eq!(all.find(&filter(text)), Some(place), "{text}");
        assert_eq!(all.remove(place, position, 1), None);
    }
    assert_eq!((all.index.node_count(), all.len()), (0, 0));
}

#[test]
fn members_of_a_group_take_turns() {
    let mut all = new();
    let (place, _) = all.add(&filter("$share/g/a"), 1);
    for slot in [2, 3] {
        all.add(&filter("$share/g/a"), slot);
    }
    let group = place.group.unwrap();
    let mut turn = || all.turn(group).next();
    assert_eq!([turn(), turn(), turn(), turn()], [Some(1), Some(2), Some(3), Some(1)]);
    assert_eq!(all.turn(group).collect::<Vec<_>>(), [2, 3, 1]);
    all.remove(place, 0, 2);
    assert_eq!(all.turn(group).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn a_place_that_is_anothers_by_now_has_no_subscribers() {
    let mut all = new();
    let (place, at) = all.add(&filter("a"), 1);
    let mut found = Vec::new();
    all.matching("a", &mut found);
    all.remove(place, at, 1);
    let (reused, _) = all.add(&filter("b"), 2);
    assert_eq!(reused.node, place.node);
    assert_eq!(all.subscribers(found[0]), &[] as &[Slot]);
}

/// Few levels of few names, so that they meet.
fn level() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just(""), Just("$x"), Just("+"), Just("#")]
}

proptest! {
    /// The index agrees with matching each filter by itself, while filters come and go.
    #[test]
    fn the_index_finds_what_matching_one_by_one_finds(
        filters in prop::collection::vec(prop::collection::vec(level(), 1..5), 1..40),
        topics in prop::collection::vec(prop::collection::vec(level(), 1..5), 1..10),
        removed in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut all = new();
        let mut kept: Vec<(String, Place, u32, Slot)> = Vec::new();
        for (slot, levels) in (0..).zip(&filters) {
            let text = levels.join("/");
            let Ok(parsed) = TopicFilter::parse(&text) else { continue };
            let (place, position) = all.add(&parsed, slot);
            kept.push((text, place, position, slot));
        }
        let mut at = 0;
        for removed in removed {
            if removed && at < kept.len() {
                let (_, place, position, slot) = kept.remove(at);
                if let Some(moved) = all.remove(place, position, slot) {
                    let is_it = |(_, at, _, slot): &&mut (_, Place, _, Slot)| {
                        (*at, *slot) == (place, moved)
                    };
                    kept.iter_mut().find(is_it).unwrap().2 = position;
                }
            } else {
                at += 1;
            }
        }
        for levels in &topics {
            let topic = levels.join("/");
            if TopicName::parse(&topic).is_err() {
                continue;
            }
            let one_by_one = kept.iter().filter(|(text, ..)| matches(text, &topic));
            let mut expected: Vec<Slot> = one_by_one.map(|(.., slot)| *slot).collect();
            expected.sort_unstable();
            prop_assert_eq!(matched(&mut all, &topic), expected);
        }
    }
}
