//! A webhook: a small HTTP server that keeps what is posted to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{PATIENCE, eventually};

/// The ARN that tests send alerts to.
pub const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

/// A listening webhook.
pub struct Webhook {
    address: SocketAddr,
    posted: Arc<Mutex<Vec<(Instant, Value)>>>,
    mood: Arc<Mood>,
}

/// What it answers.
#[derive(Default)]
struct Mood {
    refuses: AtomicBool,
    refused: AtomicU64,
}

impl Webhook {
    /// Listens on a free port until the test's process ends.
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let mood = Arc::new(Mood::default());
        let (keep, answers) = (posted.clone(), mood.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (keep, answers) = (keep.clone(), answers.clone());
                std::thread::spawn(move || answer(stream, &keep, &answers));
            }
        });
        Self { address, posted, mood }
    }

    /// Settings that put this webhook behind [`TOPIC_ARN`].
    pub fn settings(&self) -> String {
        format!(
            "[alerts]\nallow_addresses = [\"127.0.0.0/8\"]\n\
             [alerts.targets.\"{TOPIC_ARN}\"]\nwebhook = \"http://{}/hook\"\n",
            self.address
        )
    }

    /// From now on every post is refused and not kept, or none.
    pub fn refuse(&self, refuses: bool) {
        self.mood.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Waits until a post was refused.
    pub fn wait_for_a_refusal(&self) {
        eventually("a post to refuse", || {
            (self.mood.refused.load(Ordering::SeqCst) > 0).then_some(())
        });
    }

    /// What was posted so far.
    pub fn posted(&self) -> Vec<Value> {
        self.posted.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// When the first alert of this thing arrived; waits for it, but not for ever.
    pub fn wait_for(&self, thing: &str) -> Option<Instant> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let posted = self.posted.lock().unwrap();
            let found = posted.iter().rev().find(|(_, body)| body["thingName"] == thing);
            if let Some((arrived, _)) = found {
                return Some(*arrived);
            }
            drop(posted);
            std::thread::sleep(Duration::from_micros(200));
        }
        None
    }
}

fn answer(stream: TcpStream, keep: &Mutex<Vec<(Instant, Value)>>, mood: &Mood) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let arrived = Instant::now();
        let head = if mood.refuses.load(Ordering::SeqCst) {
            mood.refused.fetch_add(1, Ordering::SeqCst);
            "503 Service Unavailable"
        } else {
            keep.lock().unwrap().push((arrived, serde_json::from_slice(&body).unwrap()));
            "200 OK"
        };
        let text = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n");
        let answered = reader.get_mut().write_all(text.as_bytes());
        if answered.is_err() {
            return;
        }
    }
}
