//! Many clients that write the same thing at once: each is served, and none told to come back.

use std::thread;

use fleetward_hands::Signer;
use serde_json::{Value, json};

use crate::start;

/// Sends all requests of each client one after the other, all clients at once.
fn all_at_once(signer: &Signer, clients: Vec<Vec<(&'static str, String, Value)>>) {
    thread::scope(|scope| {
        for requests in clients {
            scope.spawn(move || {
                for (method, path, body) in requests {
                    signer.call(method, &path, &body);
                }
            });
        }
    });
}

#[test]
fn writers_of_one_profile_or_certificate_are_all_served() {
    let stack = start();
    let signer = Signer::of(&stack);
    signer.call("POST", "/security-profiles/p", &json!({}));
    let path = || "/security-profiles/p".to_owned();
    let update = |client: usize, number: usize| json!({"securityProfileDescription": format!("{client} {number}")});
    let updates =
        |client| (0..10).map(|number| ("PATCH", path(), update(client, number))).collect();
    all_at_once(&signer, (0..50).map(updates).collect());
    let profile = signer.call("GET", "/security-profiles/p", &json!({}));
    assert_eq!(profile["version"], 501);

    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;
    let made = signer.call("POST", "/keys-and-certificate", &json!({}));
    let target = made["certificateArn"].as_str().unwrap();
    for number in 0..10 {
        signer.call("POST", &format!("/policies/p{number}"), &json!({"policyDocument": policy}));
    }
    let attach = |number| ("PUT", format!("/target-policies/p{number}"), json!({"target": target}));
    all_at_once(&signer, (0..10).map(|number| vec![attach(number)]).collect());
}
