//! Documents as trees that keep the order of keys and those that come twice; written as JSON and
//! as CBOR in many ways.

pub(crate) mod model;

use minicbor::Encoder;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// A few bits at a time: the ways of writing.
pub(crate) struct Style(pub(crate) u64);

impl Style {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(n)
    }
}

pub(crate) fn to_json(tree: &Tree, style: &mut Style, out: &mut String) {
    space(style, out);
    match tree {
        Tree::Null => out.push_str("null"),
        Tree::Bool(value) => out.push_str(&value.to_string()),
        Tree::Unsigned(value) => out.push_str(&value.to_string()),
        Tree::Negative(value) => out.push_str(&value.to_string()),
        Tree::Float(value) if style.one_in(2) => out.push_str(&format!("{value:e}")),
        Tree::Float(value) => out.push_str(&format!("{value:?}")),
        Tree::Text(text) => json_text(text, style, out),
        Tree::List(list) => {
            out.push('[');
            for (place, element) in list.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                to_json(element, style, out);
            }
            out.push(']');
        }
        Tree::Object(members) => {
            out.push('{');
            for (place, (key, value)) in members.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                space(style, out);
                json_text(key, style, out);
                space(style, out);
                out.push(':');
                to_json(value, style, out);
            }
            space(style, out);
            out.push('}');
        }
    }
    space(style, out);
}

fn space(style: &mut Style, out: &mut String) {
    while style.one_in(9) {
        out.push_str([" ", "\n", "\t\r"][(style.0 >> 40) as usize % 3]);
    }
}

fn json_text(text: &str, style: &mut Style, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        if character < ' ' || "\"\\".contains(character) || style.one_in(40) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

pub(crate) fn to_cbor(tree: &Tree, style: &mut Style, e: &mut Encoder<&mut Vec<u8>>) {
    if style.one_in(30) {
        e.tag(minicbor::data::Tag::new(style.0 >> 50)).unwrap();
    }
    match tree {
        Tree::Null => {
            e.null().unwrap();
        }
        Tree::Bool(value) => {
            e.bool(*value).unwrap();
        }
        Tree::Unsigned(value) => {
            e.u64(*value).unwrap();
        }
        Tree::Negative(value) => {
            e.i64(*value).unwrap();
        }
        Tree::Float(value) => cbor_float(*value, style, e),
        Tree::Text(text) => cbor_text(text, style, e),
        Tree::List(list) => {
            let indefinite = style.one_in(3);
            if indefinite { e.begin_array() } else { e.array(list.len() as u64) }.unwrap();
            list.iter().for_each(|element| to_cbor(element, style, e));
            if indefinite {
                e.end().unwrap();
            }
        }
        Tree::Object(members) => {
            let indefinite = style.one_in(3);
            if indefinite { e.begin_map() } else { e.map(members.len() as u64) }.unwrap();
            for (key, value) in members {
                cbor_text(key, style, e);
                to_cbor(value, style, e);
            }
            if indefinite {
                e.end().unwrap();
            }
        }
    }
}

fn cbor_float(value: f64, style: &mut Style, e: &mut Encoder<&mut Vec<u8>>) {
    let small = value as f32;
    if f64::from(small) != value || style.one_in(3) {
        e.f64(value).unwrap();
    } else if value.fract() == 0.0 && value.abs() <= 2_048.0 && style.one_in(2) {
        e.f16(small).unwrap();
    } else {
        e.f32(small).unwrap();
    }
}

fn cbor_text(text: &str, style: &mut Style, e: &mut Encoder<&mut Vec<u8>>) {
    if !style.one_in(4) {
        e.str(text).unwrap();
        return;
    }
    e.begin_str().unwrap();
    for character in text.chars() {
        e.str(character.encode_utf8(&mut [0; 4])).unwrap();
    }
    e.end().unwrap();
}

/// Reads any JSON, by the best-known reader.
impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Unsigned(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Negative(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Float(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Tree::List(elements))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Tree::Object(members))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
