//! What is known of a request beside its action and resource.

use std::net::IpAddr;

use crate::keys;

/// Condition keys and their values. Built once a connection; it holds a handful of entries, so
/// looking one up reads them in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    entries: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl Context {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `key` the one value `value`, in place of any it has.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        self.set_many(key, [value])
    }

    /// Gives `key` these values, in place of any it has. A key with several values is no
    /// variable.
    pub fn set_many<'v>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = &'v str>,
    ) -> &mut Self {
        self.remove(key);
        self.entries.push((key.into(), values.into_iter().map(Box::from).collect()));
        self
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> &mut Self {
        self.entries.retain(|(known, _)| !is_same_key(known, key));
        self
    }

    /// Sets [`keys::CLIENT_ID`].
    pub fn set_client_id(&mut self, client_id: &str) -> &mut Self {
        self.set(keys::CLIENT_ID, client_id)
    }

    /// Sets [`keys::SOURCE_IP`]; an IPv4 address written as IPv6 becomes IPv4.
    pub fn set_source_ip(&mut self, address: IpAddr) -> &mut Self {
        self.set(keys::SOURCE_IP, &address.to_canonical().to_string())
    }

    /// Sets [`keys::IS_ATTACHED`].
    pub fn set_is_attached(&mut self, is_attached: bool) -> &mut Self {
        self.set(keys::IS_ATTACHED, if is_attached { "true" } else { "false" })
    }

    /// Sets an attribute of the connection's thing.
    pub fn set_thing_attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.set(&format!("{}{name}]", keys::THING_ATTRIBUTE_PREFIX), value)
    }

    /// All values of `key`; `None` if it is not there.
    pub(crate) fn values(&self, key: &str) -> Option<&[Box<str>]> {
        self.entries
            .iter()
            .find(|(known, _)| is_same_key(known, key))
            .map(|(_, values)| values.as_slice())
    }

    /// The value of `key` if it has exactly one.
    pub(crate) fn single_value(&self, key: &str) -> Option<&str> {
        match self.values(key)? {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// Names of keys do not depend on case, names of a thing's attributes do.
fn is_same_key(a: &str, b: &str) -> bool {
    let split = |key: &'_ str| key.find('[').unwrap_or(key.len());
    let (a_name, a_index) = a.split_at(split(a));
    let (b_name, b_index) = b.split_at(split(b));
    a_name.eq_ignore_ascii_case(b_name) && a_index == b_index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_depend_on_case_and_attribute_names_do() {
        let mut context = Context::new();
        context.set_client_id("one").set("IOT:CLIENTID", "two");
        context.set_thing_attribute("Role", "pump").set_thing_attribute("role", "valve");
        assert_eq!(context.single_value("iot:clientid"), Some("two"));
        let role = |name: &str| format!("iot:connection.thing.attributes[{name}]");
        assert_eq!(context.single_value(&role("Role")), Some("pump"));
        assert_eq!(context.single_value(&role("role")), Some("valve"));
        assert_eq!(context.single_value(&role("ROLE")), None);
    }

    #[test]
    fn a_key_with_several_values_is_no_variable() {
        let mut context = Context::new();
        context.set_many("k", ["a", "b"]);
        assert_eq!(context.single_value("k"), None);
        assert_eq!(context.values("k").map(<[_]>::len), Some(2));
    }

    #[test]
    fn a_mapped_source_address_is_its_ipv4_address() {
        let mut context = Context::new();
        context.set_source_ip("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(context.single_value(keys::SOURCE_IP), Some("192.0.2.1"));
    }
}
