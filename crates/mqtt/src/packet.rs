//! The packets a gateway has to look into, one file each.
//!
//! A parser takes the body of a frame ([`crate::Frame::body`]), checks all of it, and returns a
//! value that borrows from it. An `encode` returns a whole frame.

mod alias;
pub mod connack;
pub mod connect;
pub mod delivery;
pub mod disconnect;
pub mod ping;
pub mod puback;
pub mod publish;
pub mod suback;
pub mod subscribe;
pub mod unsubscribe;

pub use alias::TopicAliases;
pub use connack::Connack;
pub use connect::{Connect, Will};
pub use delivery::Delivery;
pub use disconnect::Disconnect;
pub use puback::{Answer, AnswerKind};
pub use publish::{OutgoingPublish, Publish};
pub use suback::{Suback, SubackKind};
pub use subscribe::{RetainHandling, Subscribe, SubscribeFilter};
pub use unsubscribe::Unsubscribe;
