//! Our own MQTT broker, 3.1.1 and 5: sessions, subscriptions, flows, retained messages, wills.
//!
//! A [`Broker`] is one value without sockets, clock, disk and randomness. Parsed packets enter by
//! calls that never wait; bytes are taken out a connection at a time; time is an argument, in
//! milliseconds of a clock that never goes back. The same calls give the same bytes.
//!
//! It keeps nothing on disk itself: what has to be there comes out as [`keep::Keep`] commands,
//! and an answer that promises it stays inside until [`Broker::kept`] says that it is.
//!
//! It authenticates nobody and knows no policy: its owner checks CONNECT, PUBLISH and SUBSCRIBE,
//! and lends it an [`Authority`] for what goes out. It reads no bytes but those of topics. It does
//! not watch keep-alive.
//!
//! All that a client chooses is bounded by [`Limits`] before it is stored, and no call does more
//! than a bounded piece of work: [`Broker::tick`] goes on with what is left.

pub mod keep;
pub mod limits;

mod broker;
mod deadlines;
mod message;
mod retained;
mod seeded;
mod session;
mod slab;
mod subscriptions;
mod will;

pub use broker::{
    Authority, Broker, Close, ConnectRequest, Deferral, Ending, Holdings, Joined, Losses, Notice,
    Output, Pace, Refusal,
};
pub use limits::Limits;
pub use message::Message;
pub use session::LinkId;

#[cfg(test)]
mod tests {
    use super::*;

    /// Its owner holds it behind a lock, for connections on any thread.
    #[test]
    fn a_broker_goes_from_thread_to_thread() {
        fn goes<T: Send>(_: T) {}
        goes(Broker::new(Limits::default(), 7));
    }
}
