//! AWS's own device agent, unmodified, with a certificate from our API.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Stdio};

use serde_json::json;

use crate::start_with;
use crate::tools::{aws, python_tool};
use fleetward_hands::{Stack, eventually};
use fleetward_hands::{TOPIC_ARN, Webhook};

/// The agent has no flag for a port and dials 443: its server gets a loopback address that this
/// process has for itself, so that another run on the same machine is not in the way.
fn agents_address() -> Ipv4Addr {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let free =
        |second: &u8| TcpListener::bind((Ipv4Addr::new(127, *second, high, low), 443)).is_ok();
    let second = (43..=127).find(free).expect("this test needs port 443 of a loopback address");
    Ipv4Addr::new(127, second, high, low)
}

struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn awss_python_agent_raises_a_violation_for_a_port_that_opens() {
    let webhook = Webhook::listen();
    let address = agents_address();
    let listeners = format!("{address}:443");
    let stack = start_with(&["--mqtts", &listeners], &webhook.settings());
    provision(&stack, "agent-1");
    let open: Vec<u16> = listening_ports();
    let target = "arn:aws:iot:us-east-1:123456789012:all/registered-things";
    let behaviors = json!([{
        "name": "known-ports", "metric": "aws:listening-tcp-ports",
        "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [fresh_port(&open)]}}
    }]);
    let port = behaviors[0]["criteria"]["value"]["ports"][0].as_u64().unwrap();
    let alert = json!({"SNS": {
        "alertTargetArn": TOPIC_ARN, "roleArn": "arn:aws:iam::123456789012:role/any"
    }});
    aws(
        &stack,
        &[
            "iot",
            "create-security-profile",
            "--security-profile-name",
            "ports",
            "--behaviors",
            &behaviors.to_string(),
            "--alert-targets",
            &alert.to_string(),
        ],
    );
    aws(
        &stack,
        &[
            "iot",
            "attach-security-profile",
            "--security-profile-name",
            "ports",
            "--security-profile-target-arn",
            target,
        ],
    );
    let _agent = start_agent(&stack, "agent-1", address);
    // The agent is seen by the server before the port opens, so that the port is what decides.
    eventually("the agent's first accepted report", || {
        fs::read_to_string(stack.path("agent.log")).ok().filter(|log| log.contains("ACCEPTED"))
    });
    assert_eq!(webhook.posted(), Vec::<serde_json::Value>::new());
    let opened = TcpListener::bind(("0.0.0.0", u16::try_from(port).unwrap())).unwrap();
    let posted = eventually("the alert at the webhook", || webhook.posted().first().cloned());
    assert_eq!(posted["thingName"], json!("agent-1"));
    assert_eq!(posted["securityProfileName"], json!("ports"));
    assert_eq!(posted["violationEventType"], json!("in-alarm"));
    assert_eq!(posted["metricValue"], json!({"ports": [port]}));
    assert_eq!(posted["behavior"]["name"], json!("known-ports"));
    let active = aws(&stack, &["iot", "list-active-violations", "--thing-name", "agent-1"]);
    let violation = &active["activeViolations"][0];
    assert_eq!(violation["violationId"], posted["violationId"]);
    assert_eq!(violation["lastViolationValue"], json!({"ports": [port]}));
    drop(opened);
    eventually("the clear at the webhook", || {
        webhook.posted().into_iter().find(|body| body["violationEventType"] == "alarm-cleared")
    });
    let active = aws(&stack, &["iot", "list-active-violations"]);
    assert_eq!(active["activeViolations"], json!([]));
}

/// Thing, certificate and policy, all through `aws`; the files land in the stack's folder.
fn provision(stack: &Stack, thing: &str) {
    aws(stack, &["iot", "create-thing", "--thing-name", thing]);
    let made = aws(stack, &["iot", "create-keys-and-certificate", "--set-as-active"]);
    let arn = made["certificateArn"].as_str().unwrap();
    fs::write(stack.path("device.pem"), made["certificatePem"].as_str().unwrap()).unwrap();
    fs::write(stack.path("device.key"), made["keyPair"]["PrivateKey"].as_str().unwrap()).unwrap();
    let place = "arn:aws:iot:us-east-1:123456789012";
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect",
         "Resource": format!("{place}:client/${{iot:Connection.Thing.ThingName}}")},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
         "Resource": format!("{place}:topic/$aws/things/${{iot:Connection.Thing.ThingName}}/*")},
        {"Effect": "Allow", "Action": "iot:Subscribe",
         "Resource": format!("{place}:topicfilter/$aws/things/${{iot:Connection.Thing.ThingName}}/*")},
    ]});
    aws(
        stack,
        &[
            "iot",
            "create-policy",
            "--policy-name",
            "device",
            "--policy-document",
            &document.to_string(),
        ],
    );
    aws(stack, &["iot", "attach-policy", "--policy-name", "device", "--target", arn]);
    aws(stack, &["iot", "attach-thing-principal", "--thing-name", thing, "--principal", arn]);
}

fn start_agent(stack: &Stack, thing: &str, address: Ipv4Addr) -> Agent {
    let log = fs::File::create(stack.path("agent.log")).unwrap();
    let child = python_tool(stack, "python")
        .args(["-u", "-m", "AWSIoTDeviceDefenderAgentSDK.agent", "-e"])
        .arg(address.to_string())
        .arg("-r")
        .arg(stack.ready["ca_file"].as_str().unwrap())
        .arg("-c")
        .arg(stack.path("device.pem"))
        .arg("-k")
        .arg(stack.path("device.key"))
        .args(["-id", thing, "-f", "json", "-i", "1"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    Agent(child)
}

fn listening_ports() -> Vec<u16> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |line: &str| {
        let local = line.split_whitespace().nth(1)?;
        u16::from_str_radix(local.split(':').nth(1)?, 16).ok()
    };
    table.lines().skip(1).filter_map(port).collect()
}

/// A port that nobody listens on, outside the range that the system hands out by itself.
fn fresh_port(open: &[u16]) -> u16 {
    (20_000..30_000).find(|port| !open.contains(port)).unwrap()
}
