//! Both readers agree with a slow and obvious model, on all kinds of documents; and nothing that
//! a device can send makes them fall.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod tree;

use fleetward_domain::{CustomValue, Report};
use fleetward_report::{parse_cbor, parse_json};
use minicbor::Encoder;
use proptest::prelude::*;
use proptest::sample::select;

use tree::{Style, Tree, model, to_cbor, to_json};

fn number() -> impl Strategy<Value = Tree> {
    prop_oneof![
        30 => (0_u64..70_000).prop_map(Tree::Unsigned),
        1 => any::<u64>().prop_map(Tree::Unsigned),
        1 => (i64::MIN..0).prop_map(Tree::Negative),
        2 => (0_u32..100_000).prop_map(|value| Tree::Float(f64::from(value))),
        1 => (-1e9..1e9).prop_map(Tree::Float),
        1 => select(vec![Tree::Null, Tree::Bool(true), Tree::Text("1".into()), Tree::List(vec![])]),
    ]
}

fn remote() -> impl Strategy<Value = Tree> {
    let texts = [
        "10.0.0.1:443",
        "192.168.1.255:8883",
        "52.94.1.1",
        "[2001:db8::1]:443",
        "2001:db8::1:443",
        "2001:0db8:85a3:0000:0",
        "1.2.3.4:",
        "256.1.1.1:4",
        "",
        "host:1",
        "::1:22",
        "::",
        "é",
        "fe80::1%eth0:443",
        "1.2.3.4:99999",
        "01.2.3.4:5",
        "[::1]",
        "2001:db8::123456:1",
    ];
    prop_oneof![
        30 => select(texts.to_vec()).prop_map(|text| Tree::Text(text.to_owned())),
        10 => any::<(u32, u16)>().prop_map(|(ip, port)| {
            Tree::Text(format!("{}:{port}", std::net::Ipv4Addr::from_bits(ip)))
        }),
        1 => number(),
    ]
}

/// Members in any order, any number of times, by long and short names, with strangers among
/// them, or now and then not an object at all.
fn object(members: Vec<([&'static str; 2], BoxedStrategy<Tree>)>) -> BoxedStrategy<Tree> {
    let member = prop::strategy::Union::new(members.into_iter().map(|(names, value)| {
        (select(names.to_vec()), value).prop_map(|(name, value)| (name.to_owned(), value)).boxed()
    }));
    let stranger = ("[a-z\u{e9}\u{1f600}\"\\\\]{0,4}", anything());
    let member = prop_oneof![12 => member, 1 => stranger];
    prop_oneof![
        60 => prop::collection::vec(member, 0..6).prop_map(Tree::Object),
        1 => anything(),
    ]
    .boxed()
}

fn list(element: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    prop_oneof![
        40 => prop::collection::vec(element, 0..5).prop_map(Tree::List),
        1 => number(),
    ]
    .boxed()
}

fn anything() -> BoxedStrategy<Tree> {
    let leaf = prop_oneof![number(), "\\PC{0,12}".prop_map(Tree::Text), Just(Tree::Null)];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::List),
            prop::collection::vec(("[a-z]{0,3}", inner), 0..3).prop_map(Tree::Object),
        ]
    })
    .boxed()
}

fn ports() -> BoxedStrategy<Tree> {
    let port = || object(vec![(["port", "pt"], number().boxed())]);
    object(vec![(["ports", "pts"], list(port())), (["total", "t"], number().boxed())])
}

fn metrics() -> BoxedStrategy<Tree> {
    let connection = object(vec![(["remote_addr", "rad"], remote().boxed())]);
    let established =
        object(vec![(["connections", "cs"], list(connection)), (["total", "t"], number().boxed())]);
    let connections = object(vec![(["established_connections", "ec"], established)]);
    let counter = |names| (names, number().boxed());
    let network = object(vec![
        counter(["bytes_in", "bi"]),
        counter(["bytes_out", "bo"]),
        counter(["packets_in", "pi"]),
        counter(["packets_out", "po"]),
    ]);
    object(vec![
        (["listening_tcp_ports", "tp"], ports()),
        (["listening_udp_ports", "up"], ports()),
        (["tcp_connections", "tc"], connections),
        (["network_stats", "ns"], network),
    ])
}

fn custom() -> BoxedStrategy<Tree> {
    let text = || "\\PC{0,12}".prop_map(Tree::Text).boxed();
    let address = select(vec!["10.0.0.1", "::1", "10.0.0.1:4", "x"]);
    let address = address.prop_map(|text| Tree::Text(text.to_owned())).boxed();
    let element = |name: &'static str, value: BoxedStrategy<Tree>| {
        let member = value.prop_map(move |value| vec![(name.to_owned(), value)]);
        member.prop_map(|members| Tree::List(vec![Tree::Object(members)])).boxed()
    };
    let value = prop_oneof![
        10 => element("number", number().boxed()),
        5 => element("number_list", list(number().boxed())),
        5 => element("string_list", list(text())),
        5 => element("ip_list", list(address)),
        1 => anything(),
    ];
    let member = (select(vec!["a", "b", "cpu_temp", "e\u{301}", ""]), value);
    let member = member.prop_map(|(name, value)| (name.to_owned(), value));
    prop::collection::vec(member, 0..4).prop_map(Tree::Object).boxed()
}

fn document() -> BoxedStrategy<Tree> {
    let version = prop_oneof![
        20 => Just("1.0"), 5 => Just("1.12"), 1 => Just("2.0"), 1 => Just("1"),
    ];
    let version = version.prop_map(|version| Tree::Text(version.to_owned()));
    let header = ((0_u64..9).prop_map(Tree::Unsigned), version, any::<bool>());
    let header = header.prop_map(|(id, version, short)| {
        let names = if short { ("rid", "v") } else { ("report_id", "version") };
        Tree::Object(vec![(names.0.to_owned(), id), (names.1.to_owned(), version)])
    });
    let members = object(vec![
        (["metrics", "met"], metrics()),
        (["metrics", "met"], metrics()),
        (["custom_metrics", "cmet"], custom()),
    ]);
    (header, members, any::<prop::sample::Index>(), any::<bool>())
        .prop_map(|(header, members, place, short)| match members {
            Tree::Object(mut members) => {
                let name = if short { "hed" } else { "header" };
                members.insert(place.index(members.len() + 1), (name.to_owned(), header));
                Tree::Object(members)
            }
            other => other,
        })
        .boxed()
}

fn json(bytes: &[u8]) -> Option<Report> {
    let mut report = used();
    parse_json(bytes, &mut report).ok().map(|()| report)
}

fn cbor(bytes: &[u8]) -> Option<Report> {
    let mut report = used();
    parse_cbor(bytes, &mut report).ok().map(|()| report)
}

/// Memory of a report before: nothing of it may show.
fn used() -> Report {
    let mut report = Report::default();
    let text = r#"{"hed":{"rid":77,"v":"1.0"},"met":{"tp":{"pts":[{"pt":9}],"t":9},"up":{"pts":[
        {"pt":8}]},"ns":{"bi":7},"tc":{"ec":{"cs":[{"rad":"9.9.9.9:9"}]}}},
        "cmet":{"a":[{"string_list":["x","y","z"]}],"z":[{"number_list":[1,2]}]}}"#;
    parse_json(text.as_bytes(), &mut report).unwrap();
    report
}

/// The reader that we compare with is off in the last digit of some floats.
fn coarse(mut report: Report) -> Report {
    let round = |number: &mut f64| *number = format!("{number:.12e}").parse().unwrap();
    for metric in &mut report.custom {
        match &mut metric.value {
            CustomValue::Number(number) => round(number),
            CustomValue::Numbers(numbers) => numbers.iter_mut().for_each(round),
            _ => {}
        }
    }
    report
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn json_and_cbor_of_the_same_document_mean_the_same(tree in document(), seed: u64) {
        let expected = model::read(&tree);
        let mut text = String::new();
        to_json(&tree, &mut Style(seed), &mut text);
        prop_assert_eq!(json(text.as_bytes()), expected.clone(), "{}", text);
        let mut bytes = Vec::new();
        to_cbor(&tree, &mut Style(seed), &mut Encoder::new(&mut bytes));
        prop_assert_eq!(cbor(&bytes), expected, "{:x?}", bytes);
    }

    #[test]
    fn a_damaged_document_is_read_as_the_best_known_reader_reads_it(
        tree in document(),
        seed: u64,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<u8>>()), 1..3),
    ) {
        let mut text = String::new();
        to_json(&tree, &mut Style(seed), &mut text);
        let mut bytes = text.into_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            match byte {
                Some(byte) => bytes[place] = byte,
                None => bytes.truncate(place.max(1)),
            }
        }
        let tree: Option<Tree> = serde_json::from_slice(&bytes).ok();
        let expected = tree.and_then(|tree| model::read(&tree));
        prop_assert_eq!(json(&bytes).map(coarse), expected.map(coarse));
    }

    #[test]
    fn nothing_makes_the_readers_fall(
        tree in document(),
        seed: u64,
        noise in prop::collection::vec(any::<u8>(), 0..300),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        json(&noise);
        cbor(&noise);
        let mut bytes = Vec::new();
        to_cbor(&tree, &mut Style(seed), &mut Encoder::new(&mut bytes));
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        cbor(&bytes);
        json(&bytes);
    }
}

#[test]
fn the_documents_are_a_good_mix() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..500)
        .filter(|_| model::read(&document().new_tree(&mut runner).unwrap().current()).is_some())
        .count();
    assert!((50..450).contains(&accepted), "{accepted} of 500 were accepted");
}
