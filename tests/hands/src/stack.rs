//! A server of one's own, as a child process in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything that should happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server in a folder of its own.
pub struct Stack {
    /// Everything of it; goes with it.
    pub folder: tempfile::TempDir,
    /// The ready file.
    pub ready: Value,
    /// The administrator's secret, printed at the first start.
    pub secret: String,
    child: Option<Child>,
    binary: PathBuf,
    arguments: Vec<String>,
}

impl Stack {
    /// A server with a period of one second, further arguments and a settings file.
    #[must_use]
    pub fn start(binary: &str, arguments: &[&str], toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("settings.toml"), toml).unwrap();
        let mut all: Vec<String> =
            ["--api", ":0", "--mqtt", ":0", "--period", "1s"].map(str::to_owned).to_vec();
        if !arguments.contains(&"--mqtts") {
            all.extend(["--mqtts".to_owned(), ":0".to_owned()]);
        }
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let mut stack = Self {
            folder,
            ready: Value::Null,
            secret: String::new(),
            child: None,
            binary: binary.into(),
            arguments: all,
        };
        stack.boot();
        stack
    }

    /// Starts the server in the same folder, and waits until it is ready.
    pub fn boot(&mut self) {
        let ready_file = self.path("ready.json");
        let _ = fs::remove_file(&ready_file);
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.path("server.log")).unwrap();
        let mut child = Command::new(&self.binary)
            .arg("serve")
            .args(&self.arguments)
            .arg("--data")
            .arg(self.path("data"))
            .arg("--ready-file")
            .arg(&ready_file)
            .arg("--config")
            .arg(self.path("settings.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        let text = loop {
            if let Ok(text) = fs::read_to_string(&ready_file) {
                break text;
            }
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("the server ended: {status}\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "the server is not ready\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        };
        self.ready = serde_json::from_str(&text).unwrap();
        if self.secret.is_empty() {
            self.secret = out
                .lines()
                .map_while(Result::ok)
                .find_map(|line| {
                    Some(line.trim().strip_prefix("AWS_SECRET_ACCESS_KEY=")?.to_owned())
                })
                .expect("the first start prints the administrator's secret");
        } else {
            std::thread::spawn(move || out.lines().for_each(drop));
        }
    }

    /// A file in the stack's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }

    /// An address of the ready file: `api`, `mqtt`, `mqtts`.
    pub fn address(&self, listener: &str) -> SocketAddr {
        self.ready[listener].as_str().unwrap().parse().unwrap()
    }

    /// The API's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address("api"))
    }

    /// The administrator's key id.
    pub fn key_id(&self) -> &str {
        self.ready["access_key_id"].as_str().unwrap()
    }

    /// Ends the server as a power cut would.
    pub fn kill_nine(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Waits for a server that ends by itself; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.take().unwrap().wait().unwrap().code()
    }

    /// Ends the server as an operator would; gives its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        child.wait().unwrap().code()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- server log ---\n{}", self.log());
        }
    }
}

/// Waits until the question has an answer; fails with the name of what was awaited.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
