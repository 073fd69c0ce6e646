//! Debian's `mosquitto_pub` and `mosquitto_sub` through the front door.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::start;

#[test]
fn mosquitto_clients_exchange_messages_through_the_front_door() {
    let stack = start();
    for version in ["mqttv311", "mqttv5"] {
        let address = stack.address("mqtt");
        let port = address.port().to_string();
        let common = ["-h", "127.0.0.1", "-p", &port, "-V", version, "-q", "1"];
        // Line by line, though it writes to a pipe: we wait for what it says.
        let mut subscriber = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub"])
            .args(common)
            .args(["-i", "listener", "-t", "lights/+/state", "-v", "-C", "2", "-W", "30", "-d"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines =
            BufReader::new(subscriber.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(
            lines.by_ref().any(|line| line.contains("Subscribed")),
            "{version}: the subscription is acknowledged"
        );
        for (id, topic, message) in
            [("light-1", "lights/1/state", "on"), ("light-2", "lights/2/state", "off")]
        {
            let sent = Command::new("mosquitto_pub")
                .args(common)
                .args(["-i", id, "-t", topic, "-m", message])
                .status()
                .unwrap();
            assert!(sent.success(), "{version}: {id} publishes");
        }
        let received: Vec<_> = lines.filter(|line| line.starts_with("lights/")).collect();
        assert_eq!(received, ["lights/1/state on", "lights/2/state off"], "{version}");
        assert!(subscriber.wait().unwrap().success());
    }
}

#[test]
fn a_retained_message_and_a_will_arrive() {
    let stack = start();
    let port = stack.address("mqtt").port().to_string();
    let common = ["-h", "127.0.0.1", "-p", &port];
    let retained = Command::new("mosquitto_pub")
        .args(common)
        .args(["-i", "keeper", "-t", "kept", "-m", "still here", "-r", "-q", "1"])
        .status()
        .unwrap();
    assert!(retained.success());
    let output = Command::new("mosquitto_sub")
        .args(common)
        .args(["-i", "late", "-t", "kept", "-C", "1", "-W", "30"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "still here");
}
