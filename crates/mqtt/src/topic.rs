//! Topic names and filters: what is well formed, what matches what, which are AWS's own.

mod aws;
mod filter;
mod matching;
mod name;

pub use aws::{
    DefenderFormat, DefenderResponse, DefenderTopic, check_aws_limits, check_limits, is_reserved,
};
pub use filter::{SharedFilter, TopicFilter};
pub use matching::{matches, matches_any};
pub use name::TopicName;
