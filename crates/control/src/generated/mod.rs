//! What `cargo xtask model` makes of `model/served.toml`.

mod dispatch;

pub(crate) use dispatch::dispatch;
