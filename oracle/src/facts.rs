//! What is known: a plain list, in the order in which it was learned. Whoever asks goes through it.

use std::collections::BTreeMap;
use std::ops::Range;

use fleetward_domain::{Activity, BehaviorName, ProfileName, Report};

/// A millisecond, after so many settings of the clock.
pub(crate) type Time = (usize, i64);
pub(crate) const LAST: Time = (usize::MAX, i64::MAX);

#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) list: Vec<Fact>,
    /// What happened before it is known.
    pub(crate) line: Time,
    /// Where the clock was set to last.
    pub(crate) set_to_ms: i64,
    /// When a front door was away.
    pub(crate) uncounted: Vec<(usize, Range<i64>)>,
    /// Since when somebody counts.
    pub(crate) counted_ms: i64,
    /// What the fleet said for windows that begin then.
    pub(crate) thresholds: BTreeMap<(ProfileName, BehaviorName), BTreeMap<i64, Option<f64>>>,
}

/// Something of a thing, or, without a name, of all of them.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) thing: String,
    pub(crate) at: Time,
    /// The same without settings of the clock.
    pub(crate) elapsed_ms: i64,
    /// Where the line stood when it was learned.
    pub(crate) line: Time,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Report(Report),
    Activity(Activity),
    /// Whatever was connected through this front door is not any more, as was said at that time.
    Lost(String, i64),
}

impl Fact {
    /// When the first of it was.
    pub(crate) fn since(&self) -> Time {
        match &self.what {
            What::Activity(Activity { since_ms: Some(since_ms), .. }) => {
                self.at.min((self.at.0, *since_ms))
            }
            _ => self.at,
        }
    }
}

impl Facts {
    pub(crate) fn of<'a>(&'a self, thing: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.list.iter().filter(move |fact| fact.thing == thing || fact.thing.is_empty())
    }

    /// Whether it was connected at this time through any front door, as the first `count` have it.
    pub(crate) fn connected(&self, count: usize, thing: &str, at: Time) -> bool {
        let mut doors: BTreeMap<&str, BTreeMap<Time, bool>> = BTreeMap::new();
        let of_it = |fact: &&Fact| fact.thing == thing || fact.thing.is_empty();
        for fact in self.list.iter().take(count).filter(of_it) {
            match &fact.what {
                What::Report(_) => {}
                What::Activity(activity) => {
                    let until = (fact.at.0, activity.until_ms);
                    doors.entry(&activity.door).or_default().insert(until, activity.connected);
                }
                What::Lost(door, _) => {
                    let door = doors.entry(door).or_default();
                    door.retain(|until, _| *until < fact.at);
                    door.insert(fact.at, false);
                }
            }
        }
        doors.values().any(|door| door.range(..=at).next_back().is_some_and(|(_, up)| *up))
    }

    /// When it was last there, without settings of the clock.
    pub(crate) fn heard_ms(&self, thing: &str) -> Option<i64> {
        let is_of_it = |(count, fact): &(usize, &Fact)| {
            fact.thing == thing || fact.thing.is_empty() && self.connected(*count, thing, LAST)
        };
        self.list.iter().enumerate().filter(is_of_it).map(|(_, fact)| fact.elapsed_ms).max()
    }

    pub(crate) fn is_connected(&self, thing: &str) -> bool {
        self.connected(usize::MAX, thing, LAST)
    }
}
