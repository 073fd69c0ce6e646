//! Few descriptors, and somebody who takes as many as he can get.

use std::net::TcpStream;
use std::time::Duration;

use fleetward_hands::{Device, Signer, eventually};

use super::scene::create_profile;
use crate::{listing, prepare};

const LIMIT: usize = 512;
/// What log and store may still open: half of it, but for what they have open already.
const KEPT: usize = 200;
/// A queue that was full for a moment is tried again after a second.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn idle_connections_to_the_api_take_no_descriptor_of_log_and_store() {
    let mut stack = prepare(&[], "");
    stack.under = vec!["prlimit".to_owned(), format!("--nofile={LIMIT}:{LIMIT}")];
    stack.boot();
    create_profile(&stack);
    // Nobody has shown a key. What is not taken waits in the kernel's queue, until that is full.
    let address = stack.address("api");
    let connect = |_| TcpStream::connect_timeout(&address, SOON).ok();
    let idle: Vec<_> = (0..LIMIT).map_while(connect).collect();
    assert!(idle.len() > LIMIT / 8, "{} connections", idle.len());
    let mut honest = Device::connect(stack.address("mqtt"), "honest");
    assert!(honest.report("honest", 1, &[22, 23]), "{}", stack.log());
    let taken = stack.descriptors();
    assert!(taken <= LIMIT - KEPT, "{taken} descriptors are taken");
    drop(idle);
    eventually("the honest device's alarm", || {
        let open = listing::open_violations(&Signer::of(&stack));
        open.keys().any(|(thing, _)| thing == "honest").then_some(())
    });
    assert!(stack.is_up(), "{}", stack.log());
    assert_eq!(stack.terminate(), Some(0), "{}", stack.log());
}
