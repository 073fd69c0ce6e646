//! Programs that others wrote, where this machine has them: mosquitto as the broker behind the
//! door, and its clients before it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use fleetward_front_door::Upstream;
use fleetward_mqtt::packet::{AnswerKind, Connect, Disconnect};
use fleetward_mqtt::{QoS, ReasonCode};

use crate::client::{Client, Version};
use crate::stack::{ALLOW_ALL, Stack, eventually};

fn is_there(program: &str) -> bool {
    let found = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists());
    if !found {
        eprintln!("skipped: {program} is not on this machine");
    }
    found
}

/// A broker that ends with the test.
struct Mosquitto {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    async fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("mosquitto.conf");
        let port = address.port();
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\n");
        std::fs::write(&config, text).unwrap();
        let child = Command::new("mosquitto")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let broker = Self { child, address, _folder: folder };
        eventually("mosquitto listens", || std::net::TcpStream::connect(address).is_ok()).await;
        broker
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_broker_behind_the_door_serves_as_well() {
    if !is_there("mosquitto") {
        return;
    }
    let mosquitto = Mosquitto::start().await;
    let address = mosquitto.address;
    let stack = Stack::start_with(|s| s.upstream = Upstream::Address(address)).await;
    for version in [Version::V311, Version::V5] {
        let connect = Connect {
            clean_start: false,
            session_expiry_seconds: version.is_v5().then_some(60),
            username: Some("?SDK=IoTDeviceSDK/Python"),
            ..Connect::new(version, "sleeper", 30)
        };
        let mut sleeper = Client::plain(stack.plain(), version).await;
        assert_eq!(sleeper.connect(&connect).await.unwrap().0, 0);
        assert_eq!(sleeper.subscribe(&[("news", QoS::ExactlyOnce)]).await, [2]);
        let bye = Disconnect::new(ReasonCode::SUCCESS).encode(version).unwrap();
        sleeper.send(&bye).await;
        assert!(sleeper.closes().await);
        let mut sender = stack.client(version, "sender").await;
        sender.publish("news", b"x", QoS::AtLeastOnce, 1).await;
        sender.acknowledged(AnswerKind::Puback, 1).await;
        let mut sleeper = Client::plain(stack.plain(), version).await;
        assert_eq!(sleeper.connect(&connect).await, Some((0, true)));
        assert_eq!(sleeper.message().await.payload, b"x");

        let topic = "$aws/things/sender/defender/metrics/json";
        let filter = format!("{topic}/accepted");
        sender.subscribe(&[(&filter, QoS::AtLeastOnce)]).await;
        let report = br#"{"header":{"report_id":1,"version":"1.0"},
            "metrics":{"network_stats":{"bytes_in":1}}}"#;
        sender.publish(topic, report, QoS::AtMostOnce, 0).await;
        assert_eq!(sender.message().await.topic, filter);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_clients_speak_through_tls() {
    if !is_there("mosquitto_pub") || !is_there("mosquitto_sub") {
        return;
    }
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let folder = tempfile::tempdir().unwrap();
    let leaf = stack.device("pump", &[], &["all"]).await;
    let (ca, cert, key) =
        ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.path().join(name)).into();
    std::fs::write(&ca, &stack.ca.pem).unwrap();
    std::fs::write(&cert, &leaf.pem).unwrap();
    std::fs::write(&key, &leaf.key_pem).unwrap();
    let port = stack.secure().port().to_string();
    let run = |program: &'static str, version: &'static str, more: Vec<String>| {
        let mut command = Command::new(program);
        command.args(["-h", "localhost", "-p", &port, "-V", version]);
        command.arg("--cafile").arg(&ca).arg("--cert").arg(&cert).arg("--key").arg(&key);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        async move {
            let output: Output =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            output
        }
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for version in ["mqttv311", "mqttv5"] {
        let publish = words("-i publisher -q 2 -r -t greetings -m hello");
        let output = run("mosquitto_pub", version, publish).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let subscribe = words("-i subscriber -q 1 -t greetings -C 1 -W 5");
        let output = run("mosquitto_sub", version, subscribe).await;
        assert_eq!(output.stdout, b"hello\n", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
