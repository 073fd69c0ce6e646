//! Rows of open violations and of events: how they are written and read. What is asked for has its
//! own column; what many have in common stands elsewhere ([`super::kept`]).

mod rows;
mod writes;

pub(super) use self::rows::{event_in, event_of_row, open_in};
pub(super) use self::writes::{Written, add_events, close, event_row, put, said_before, verify};
