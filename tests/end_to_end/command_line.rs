//! The binary's own surface: ready file, exit codes, keys, health, console.

use std::process::Command;

use serde_json::json;

use crate::{start, start_with};
use fleetward_hands::Signer;
use fleetward_hands::http;

fn fleetward(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_fleetward")).args(arguments).output().unwrap()
}

#[test]
fn the_ready_file_tells_where_everything_is_and_sigterm_ends_with_success() {
    let mut stack = start();
    for member in ["api", "mqtt", "mqtts", "ca_file", "access_key_id"] {
        assert!(stack.ready[member].is_string(), "{member} in {}", stack.ready);
    }
    assert!(stack.ready["pid"].is_u64());
    let health = http::send(
        stack.address("api"),
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(health.status, 200);
    assert_eq!(stack.terminate(), Some(0));
}

#[test]
fn a_wrong_setting_is_named() {
    let output = fleetward(&["serve", "--api", "0.0.0.0:0", "--auth", "off"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("setting api") && said.contains("loopback"), "{said}");
}

#[test]
fn two_servers_do_not_share_a_folder() {
    let stack = start();
    let data = stack.path("data");
    let output = fleetward(&[
        "serve",
        "--api",
        ":0",
        "--mqtt",
        ":0",
        "--mqtts",
        ":0",
        "--data",
        data.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty());
}

#[test]
fn keys_are_made_listed_and_disabled() {
    let mut stack = start();
    assert_eq!(stack.terminate(), Some(0));
    let data = stack.path("data");
    let data = data.to_str().unwrap();
    let made = fleetward(&["keys", "--data", data, "create"]);
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    let value = |name: &str| {
        text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().to_owned()
    };
    let (id, secret) = (value("AWS_ACCESS_KEY_ID="), value("AWS_SECRET_ACCESS_KEY="));
    stack.boot();
    let signer = Signer { key_id: id.clone(), secret, ..Signer::of(&stack) };
    signer.call("GET", "/things", &json!({}));
    assert_eq!(stack.terminate(), Some(0));
    assert!(fleetward(&["keys", "--data", data, "disable", &id]).status.success());
    let listed = fleetward(&["keys", "--data", data, "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains(&id) && !listed.contains(&signer.secret), "{listed}");
    stack.boot();
    let signer = Signer { address: stack.address("api"), ..signer };
    assert_eq!(
        signer.send("GET", "/things", b"").error_type(),
        Some("UnrecognizedClientException")
    );
}

#[test]
fn auth_off_takes_any_signature() {
    let stack = start_with(&["--auth", "off"], "");
    let signer = Signer { secret: "anything".into(), key_id: "test".into(), ..Signer::of(&stack) };
    signer.call("POST", "/things/any", &json!({}));
}

#[test]
fn the_console_shows_an_open_violation() {
    let stack = start();
    let signer = Signer::of(&stack);
    let behavior = json!({"behaviors": [{
        "name": "no-telnet", "metric": "aws:listening-tcp-ports",
        "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [23]}}
    }]});
    signer.call("POST", "/security-profiles/ports", &behavior);
    let target = "arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3Aall%2Fthings";
    let path = format!("/security-profiles/ports/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &path, &json!({}));
    let mut device = fleetward_hands::Device::connect(stack.address("mqtt"), "<b>light");
    let mut id = 0;
    let page = fleetward_hands::eventually("the violation on the page", || {
        // Until the detector knows the profile, reports are only counted; one that comes again is
        // not counted anew.
        id += 1;
        device.report("<b>light", id, &[23]);
        let answer = http::send(
            stack.address("api"),
            b"GET /console HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
        );
        assert_eq!(answer.status, 200);
        answer.body.contains("no-telnet").then_some(answer.body)
    });
    assert!(!page.contains("<b>light"), "names are escaped");
}

#[test]
fn mutes_are_made_listed_and_taken_away() {
    let stack = start();
    let mutes = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_fleetward"))
            .arg("mutes")
            .args(arguments)
            .args(["--api", &stack.address("api").to_string()])
            .env("AWS_ACCESS_KEY_ID", stack.key_id())
            .env("AWS_SECRET_ACCESS_KEY", &stack.secret)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let create = ["create", "--thing", "lamp", "--for", "720h", "--reason", "works on the hall"];
    let (made, id, said) = mutes(&create);
    assert!(made, "{said}");
    let (_, listed, _) = mutes(&["list"]);
    let mute: serde_json::Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(mute["muteId"], id.trim());
    assert_eq!(
        (&mute["thingName"], &mute["reason"]),
        (&json!("lamp"), &json!("works on the hall"))
    );
    assert!(mute["createdBy"].as_str().unwrap().ends_with(stack.key_id()), "{mute}");
    let (ok, _, said) = mutes(&["create", "--profile", "p", "--for", "1h", "--reason", "works"]);
    assert!(!ok && said.contains("Security profile p does not exist"), "{said}");
    let (ok, _, said) = mutes(&["create", "--for", "1h", "--reason", "works"]);
    assert!(!ok && said.contains("<--thing <THING>|--group <GROUP>|--profile"), "{said}");
    assert!(mutes(&["delete", id.trim()]).0);
    assert_eq!(mutes(&["list"]), (true, String::new(), String::new()));
}
