//! Random histories.

use proptest::prelude::*;

use super::model::EXPIRY_MAX;

pub(crate) const CLIENTS: [&str; 3] = ["a", "b", "c"];
pub(crate) const TOPICS: [&str; 6] = ["t", "t/1", "t/1/x", "s", "u/2", "$d/1"];
/// Shared ones meet no others: of two copies for one client the order would be open.
pub(crate) const FILTERS: [&str; 8] =
    ["t", "t/+", "t/#", "+/1", "t/1/x", "$share/g/s", "$share/h/u/+", "$d/#"];

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect {
        client: usize,
        version: usize,
        clean: bool,
        expiry: u32,
        window: u16,
        will: Option<(usize, usize, bool, u32)>,
        is_thief: bool,
    },
    Disconnect {
        client: usize,
        with_will: bool,
        expiry: Option<u32>,
    },
    Drop {
        client: usize,
    },
    Cut {
        client: usize,
    },
    Subscribe {
        client: usize,
        filter: usize,
        qos: usize,
        options: u8,
        identifier: u8,
    },
    Unsubscribe {
        client: usize,
        filter: usize,
    },
    Publish {
        client: usize,
        topic: usize,
        qos: usize,
        retain: bool,
        empty: bool,
        expiry: u32,
        id: u16,
    },
    Release {
        client: usize,
        id: u16,
    },
    Answer {
        client: usize,
        which: usize,
    },
    Take {
        client: usize,
    },
    Pass {
        seconds: u64,
    },
    /// What is to be kept is written; the broker is not told.
    Write,
    /// It is told.
    Told,
    Crash,
    /// All is kept and taken: now both have sent the same.
    Settle,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS.len();
    let will = (0..TOPICS.len(), 0usize..3, any::<bool>(), prop_oneof![Just(0u32), Just(20)]);
    let expiry = prop_oneof![Just(0u32), Just(60), Just(EXPIRY_MAX + 100)];
    let connect =
        (
            client.clone(),
            0usize..2,
            prop::bool::weighted(0.3),
            expiry.clone(),
            1u16..4,
            prop::option::of(will),
            prop::bool::weighted(0.05),
        )
            .prop_map(|(client, version, clean, expiry, window, will, is_thief)| {
                Step::Connect { client, version, clean, expiry, window, will, is_thief }
            });
    let subscribe = (client.clone(), 0..FILTERS.len(), 0usize..3, 0u8..12, 0u8..4).prop_map(
        |(client, filter, qos, options, identifier)| Step::Subscribe {
            client,
            filter,
            qos,
            options,
            identifier,
        },
    );
    let publish = (
        client.clone(),
        0..TOPICS.len(),
        0usize..3,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.1),
        prop_oneof![3 => Just(0u32), 1 => Just(5), 1 => Just(50)],
        1u16..5,
    )
        .prop_map(|(client, topic, qos, retain, empty, expiry, id)| Step::Publish {
            client,
            topic,
            qos,
            retain,
            empty,
            expiry,
            id,
        });
    prop_oneof![
        6 => connect,
        2 => (client.clone(), any::<bool>(), prop::option::of(expiry))
            .prop_map(|(client, with_will, expiry)| Step::Disconnect { client, with_will, expiry }),
        2 => client.clone().prop_map(|client| Step::Drop { client }),
        1 => client.clone().prop_map(|client| Step::Cut { client }),
        8 => subscribe,
        2 => (client.clone(), 0..FILTERS.len())
            .prop_map(|(client, filter)| Step::Unsubscribe { client, filter }),
        16 => publish,
        4 => (client.clone(), 1u16..5).prop_map(|(client, id)| Step::Release { client, id }),
        10 => (client.clone(), 0usize..4)
            .prop_map(|(client, which)| Step::Answer { client, which }),
        8 => client.prop_map(|client| Step::Take { client }),
        2 => prop_oneof![Just(1u64), Just(4), Just(30), Just(100)]
            .prop_map(|seconds| Step::Pass { seconds }),
        3 => Just(Step::Write),
        3 => Just(Step::Told),
        1 => Just(Step::Crash),
        3 => Just(Step::Settle),
    ]
}
