//! Which topic names a filter matches.

/// Whether `filter` matches the topic name (MQTT 5, 4.7). Both are taken to be well formed, and
/// `filter` without `$share/GROUP/` ([`super::TopicFilter::subject`]).
///
/// A filter that begins with a wildcard matches no topic that begins with `$` (MQTT-4.7.2-1).
/// The time is that of reading both once.
///
/// Device Defender's `TOPIC_FILTER` dimension is matched by the same rule.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            // The level above is matched too: by here it is, and what follows does not matter.
            return true;
        }
        match levels.next() {
            Some(level) if wanted == "+" || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether one of the filters matches: the `IN` of a `TOPIC_FILTER` dimension, whose `NOT_IN`
/// is the contrary.
pub fn matches_any<'a>(filters: impl IntoIterator<Item = &'a str>, topic: &str) -> bool {
    filters.into_iter().any(|filter| matches(filter, topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/#", "sports", false),
            ("#", "a/b/c", true),
            ("#", "/", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("+/tennis/#", "sport/tennis", true),
            ("#", "$SYS/a", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/a", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("ACCOUNTS", "accounts", false),
            ("a/b", "a/b", true),
            ("a/b", "a/b/", false),
            ("a//b", "a//b", true),
            ("a/+/b", "a//b", true),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }

    #[test]
    fn one_filter_of_several_is_enough() {
        assert!(matches_any(["a/#", "b/+"], "b/1"));
        assert!(!matches_any(["a/#", "b/+"], "c"));
        assert!(!matches_any([], "c"));
    }
}
