//! The data folder of the first release opens with nothing lost, before and after
//! `fleetward upgrade finish`. What is in it: `tests/formats/README.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use fleetward_domain::FormatLevel;
use fleetward_environment::{Chance, Clock};
use fleetward_hands::http::{request, send};
use fleetward_hands::{Webhook, eventually};
use fleetward_store::sqlite::SqliteStore;
use fleetward_store::{Documents, Kind, Tx};
use serde_json::{Value, json};

use super::{Running, start};
use crate::command_line::{Command as Task, CommandLine};
use crate::settings::Settings;

/// When the folder was left, and a little: 2026-11-24T11:03:45Z. At any later time its events
/// would rightly expire, and its silent things' violations be invalidated.
const LEFT_MS: i64 = 1_795_518_225_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_first_release_opens_with_nothing_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = unpack(folder.path());
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(formats().join("folder.json")).unwrap())
            .unwrap();
    let webhook = Webhook::listen();

    let server = open(folder.path(), &webhook).await;
    assert_eq!(server.store.format_level(), FormatLevel::First, "nobody has finished the upgrade");
    let found = tokio::task::block_in_place(|| everything(&server));
    check(&found, &expected);
    tokio::task::block_in_place(|| every_alert_arrives(&found, &webhook));
    server.shutdown().await.unwrap();
    let partitions = std::fs::read_to_string(data.join("log/partitions")).unwrap();
    assert_eq!(partitions.trim(), "16", "old folders keep their partitions");

    SqliteStore::finish_upgrade(&data.join("fleetward.db")).unwrap();
    let server = open(folder.path(), &webhook).await;
    assert_eq!(server.store.format_level(), FormatLevel::CURRENT);
    let again = tokio::task::block_in_place(|| everything(&server));
    check(&again, &expected);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_read_shows_in_the_health() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let server = open(folder.path(), &Webhook::listen()).await;
    let get = |path: &str| {
        let answer = send(server.ready.api, &request("GET", path, &[], b""));
        (answer.status, answer.body)
    };
    assert_eq!(tokio::task::block_in_place(|| get("/healthz")), (200, "ok\n".to_owned()));
    let broken = (Kind::Thing, "broken".to_owned(), br#"{"name":"broken","#.to_vec());
    server.store.commit(Tx { puts: vec![broken], ..Tx::default() }).await.unwrap();
    tokio::task::block_in_place(|| {
        // Met twice, and one document still.
        assert_eq!(get("/things").0, 200);
        assert_eq!(get("/things").0, 200);
        let (status, said) = get("/healthz");
        assert_eq!(status, 200);
        let sentence = "1 document cannot be read; fleetward check --data DIR names it";
        assert_eq!(said.lines().collect::<Vec<_>>(), ["ok", sentence]);
    });
    server.shutdown().await.unwrap();
}

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats/level-1")
}

fn unpack(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir(&data).unwrap();
    let archive = formats().join("folder.tar.gz");
    let unpacked =
        Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&data).status().unwrap();
    assert!(unpacked.success());
    data
}

async fn open(folder: &Path, webhook: &Webhook) -> Running {
    let config = folder.join("settings.toml");
    std::fs::write(&config, webhook.settings()).unwrap();
    let data = folder.join("data");
    let arguments = ["fleetward", "serve", "--api", ":0", "--mqtt", ":0", "--mqtts", ":0"];
    let command_line = CommandLine::parse_from(
        arguments
            .iter()
            .map(std::ffi::OsStr::new)
            .chain(["--auth", "off", "--config"].map(std::ffi::OsStr::new))
            .chain([config.as_os_str(), "--data".as_ref(), data.as_os_str()]),
    );
    let Task::Serve(arguments) = command_line.command else { unreachable!("it says serve") };
    let settings = Settings::resolve(*arguments).unwrap();
    start(settings, Clock::of_the_runtime(LEFT_MS), Chance::system()).await.unwrap()
}

/// What the API answers about all there is.
fn everything(server: &Running) -> Value {
    let call = |path: &str| -> Value {
        let answer = send(server.ready.api, &request("GET", path, &[], b""));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    };
    // The last report before the end was logged, and is applied after the start.
    let lamp_6 = json!([2323, 9999]);
    eventually("the unread log to be applied", || {
        let open = call("/active-violations?thingName=lamp-6");
        (open["activeViolations"][0]["lastViolationValue"]["ports"] == lamp_6).then_some(())
    });
    json!({
        "access_key_id": server.ready.access_key_id,
        "active": call("/active-violations")["activeViolations"],
        "events": call("/violation-events?startTime=0&endTime=4102444800")["violationEvents"],
        "things": call("/things")["things"],
        "profiles": call("/security-profiles")["securityProfileIdentifiers"],
        "dimensions": call("/dimensions")["dimensionNames"],
        "profile": call("/security-profiles/ports"),
        "targets": call("/security-profiles/ports/targets")["securityProfileTargets"],
    })
}

fn check(found: &Value, expected: &Value) {
    let rows = |list: &Value, fields: &[&str]| -> BTreeSet<String> {
        let row = |item: &Value| {
            let cell = |field: &&str| {
                item.pointer(field).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            fields.iter().map(cell).collect::<Vec<_>>().join(" | ")
        };
        list.as_array().unwrap().iter().map(row).collect()
    };
    let told = |list: &Value| rows(list, &["/0", "/1", "/2", "/3"]);
    let active = ["/violationId", "/thingName", "/securityProfileName", "/behavior/name"];
    assert_eq!(rows(&found["active"], &active), told(&expected["active"]));
    let event = |list: &Value| rows(list, &["/violationId", "/violationEventType"]);
    let expected_events: BTreeSet<String> = rows(&expected["events"], &["/0", "/1"]);
    assert_eq!(event(&found["events"]), expected_events);
    let names = |list: &Value| rows(list, &[""]);
    assert_eq!(rows(&found["things"], &["/thingName"]), names(&expected["things"]));
    assert_eq!(rows(&found["profiles"], &["/name"]), names(&expected["profiles"]));
    assert_eq!(found["dimensions"], expected["dimensions"]);
    assert_eq!(found["access_key_id"], expected["access_key_id"]);
    assert_eq!(found["profile"]["behaviors"].as_array().unwrap().len(), 4);
    assert_eq!(found["profile"]["securityProfileDescription"], "Known ports");
    assert_eq!(found["targets"].as_array().unwrap().len(), 1);
}

/// The alerts that waited in the outbox go out: one for each event of the profile that has a
/// target, but for the behavior whose alerts are suppressed.
fn every_alert_arrives(found: &Value, webhook: &Webhook) {
    let key = |event: &Value| {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        (text("violationId"), text("violationEventType"))
    };
    let due: BTreeSet<_> = found["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["securityProfileName"] == "ports")
        .filter(|event| event["behavior"]["name"] != "known-peers")
        .map(key)
        .collect();
    assert!(due.len() > 5);
    eventually("every waiting alert to arrive", || {
        let arrived: BTreeSet<_> = webhook.posted().iter().map(key).collect();
        (arrived == due).then_some(())
    });
}
