//! A server of one's own, as a child process in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http;

/// How long anything that should happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a folder of its own, running or not.
pub struct Stack {
    /// Everything of it; goes with it.
    pub folder: tempfile::TempDir,
    /// The ready file.
    pub ready: Value,
    /// The administrator's secret, printed at the first start.
    pub secret: String,
    /// Arguments of `serve`, beside those that say where things are.
    pub arguments: Vec<String>,
    /// The program that starts the server, with its arguments: a tracer, say. It must leave the
    /// server its own process id.
    pub under: Vec<String>,
    /// Environment of the server.
    pub environment: Vec<(String, String)>,
    child: Option<Child>,
    binary: PathBuf,
}

impl Stack {
    /// A server with a period of one second, further arguments and a settings file.
    #[must_use]
    pub fn start(binary: &str, arguments: &[&str], toml: &str) -> Self {
        let mut stack = Self::prepare(binary, arguments, toml);
        stack.boot();
        stack
    }

    /// The same, but not started yet.
    #[must_use]
    pub fn prepare(binary: &str, arguments: &[&str], toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("settings.toml"), toml).unwrap();
        let mut all: Vec<String> = ["--api", ":0", "--mqtt", ":0"].map(str::to_owned).to_vec();
        for (argument, value) in [("--mqtts", ":0"), ("--period", "1s")] {
            if !arguments.contains(&argument) {
                all.extend([argument.to_owned(), value.to_owned()]);
            }
        }
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        Self {
            folder,
            ready: Value::Null,
            secret: String::new(),
            arguments: all,
            under: Vec::new(),
            environment: Vec::new(),
            child: None,
            binary: binary.into(),
        }
    }

    /// Starts the server in the same folder, and waits until it is ready.
    pub fn boot(&mut self) {
        if let Err(said) = self.try_boot() {
            panic!("the server ended: {said}");
        }
    }

    /// The same for a server that may refuse.
    ///
    /// # Errors
    /// How it ended, and what it said at this start.
    pub fn try_boot(&mut self) -> Result<(), String> {
        let ready_file = self.path("ready.json");
        let _ = fs::remove_file(&ready_file);
        let said_before = self.log().len();
        let mut child = self.spawn(&ready_file);
        let out = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        let text = loop {
            if let Ok(text) = fs::read_to_string(&ready_file) {
                break text;
            }
            if let Some(status) = self.ended() {
                self.child = None;
                return Err(format!("{status}\n{}", &self.log()[said_before..]));
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
        Ok(())
    }

    fn spawn(&self, ready_file: &Path) -> Child {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.path("server.log")).unwrap();
        let mut command = match self.under.split_first() {
            None => Command::new(&self.binary),
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&self.binary);
                command
            }
        };
        command
            .arg("serve")
            .args(&self.arguments)
            .arg("--data")
            .arg(self.path("data"))
            .arg("--ready-file")
            .arg(ready_file)
            .arg("--config")
            .arg(self.path("settings.toml"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// How the server ended; none while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    /// Waits until the server has ended by itself.
    pub fn wait_until_ended(&mut self) -> ExitStatus {
        let status = eventually("the server's end", || self.ended());
        self.child = None;
        status
    }

    /// Whether the server was started and its end was not seen.
    pub fn is_up(&mut self) -> bool {
        self.child.is_some() && self.ended().is_none()
    }

    /// Sends a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// How many files and sockets the server has open.
    pub fn descriptors(&self) -> usize {
        let id = self.child.as_ref().unwrap().id();
        fs::read_dir(format!("/proc/{id}/fd")).unwrap().count()
    }

    /// What `/healthz` says: status and text; status 0 without an answer.
    pub fn health(&self) -> (u16, String) {
        let host = [("host".to_owned(), self.address("api").to_string())];
        let answer = http::send(self.address("api"), &http::request("GET", "/healthz", &host, b""));
        (answer.status, answer.body)
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
        self.signal("TERM");
        self.child.take().unwrap().wait().unwrap().code()
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
