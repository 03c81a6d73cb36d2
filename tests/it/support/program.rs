//! The real `agentry` program, run as a person would run it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::cluster::Database;
use super::server::{AUTH_SECRET, TEST_KEY};
use super::wait::PATIENCE;

/// The program with its settings, not started yet. It sees nothing of the environment the tests run in but `PATH`.
pub struct Agentry(Command);

/// What a run that has ended left.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it logged.
    pub stderr: String,
}

/// The program while it serves. Killed when dropped.
pub struct Running {
    /// Where it listens.
    pub url: String,
    child: Child,
    output: Output,
    error: Output,
}

impl Agentry {
    /// Running a PostgreSQL of its own in `data_dir`.
    pub fn own(data_dir: &Path) -> Self {
        Self::bare().env("AGENTRY_DATA_DIR", data_dir)
    }

    /// On a given database, which it may migrate.
    pub fn given(database: &Database) -> Self {
        Self::serving(database).env("DATABASE_OWNER_URL", database.owner_url())
    }

    /// On a given database, of which it knows the service's login alone.
    pub fn serving(database: &Database) -> Self {
        Self::bare()
            .env("DATABASE_URL", database.service_url())
            .env("AGENTRY_ENCRYPTION_KEYS", TEST_KEY)
            .env("AGENTRY_AUTH_SECRET", AUTH_SECRET)
    }

    /// Without any setting but a free port to listen on.
    pub fn bare() -> Self {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self(command)
    }

    /// One more setting.
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs a command to its end.
    pub async fn run(mut self, arguments: &[&str]) -> Ended {
        let ended = timeout(PATIENCE, self.0.args(arguments).output());
        let ended = ended.await.expect("the program ends").unwrap();
        Ended {
            code: ended.status.code(),
            stdout: String::from_utf8(ended.stdout).unwrap(),
            stderr: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// Starts serving and waits until it says that it is ready.
    pub async fn serve(self) -> Running {
        self.start()
            .await
            .unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    }

    /// Starts serving in the expectation that it refuses.
    pub async fn refuse(self) -> Ended {
        match self.start().await {
            Ok(running) => panic!("it serves on {}", running.url),
            Err(ended) => ended,
        }
    }

    async fn start(mut self) -> Result<Running, Ended> {
        let mut child = self
            .0
            .args(["serve", "--bind=127.0.0.1:0"])
            .spawn()
            .unwrap();
        let output = Output::of(child.stdout.take().unwrap());
        let error = Output::of(child.stderr.take().unwrap());
        let ready = timeout(PATIENCE, output.line("  Health "));
        let Some(health) = ready.await.expect("the program starts or ends") else {
            return Err(ended(child, output, error).await);
        };
        let url = health.trim_start_matches("  Health").trim();
        Ok(Running {
            url: url.strip_suffix("/readyz").unwrap().to_owned(),
            child,
            output,
            error,
        })
    }
}

impl Running {
    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Tells it to stop in the usual way, and waits until it has.
    pub async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Ends it as a crash would, and waits until it is gone.
    pub async fn crash(self) -> Ended {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// Waits until it has ended.
    pub async fn ended(self) -> Ended {
        ended(self.child, self.output, self.error).await
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.output.text()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.error.text()
    }
}

async fn ended(mut child: Child, output: Output, error: Output) -> Ended {
    let status: ExitStatus = timeout(PATIENCE, child.wait())
        .await
        .expect("it ends")
        .unwrap();
    Ended {
        code: status.code(),
        stdout: output.whole().await,
        stderr: error.whole().await,
    }
}

/// One stream of the program, read as it comes.
struct Output {
    seen: Arc<Seen>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    text: Mutex<String>,
    over: std::sync::atomic::AtomicBool,
    more: Notify,
}

impl Output {
    fn of(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let ours = Arc::clone(&seen);
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = ours.text.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
                drop(text);
                ours.more.notify_one();
            }
            ours.over.store(true, std::sync::atomic::Ordering::Release);
            ours.more.notify_one();
        });
        Self { seen, reader }
    }

    fn text(&self) -> String {
        self.seen.text.lock().unwrap().clone()
    }

    /// The first line that starts like this; `None` when the stream ends without one.
    async fn line(&self, start: &str) -> Option<String> {
        loop {
            let over = self.seen.over.load(std::sync::atomic::Ordering::Acquire);
            let text = self.text();
            if let Some(line) = text.lines().find(|line| line.starts_with(start)) {
                return Some(line.to_owned());
            }
            if over {
                return None;
            }
            self.seen.more.notified().await;
        }
    }

    async fn whole(self) -> String {
        timeout(PATIENCE, self.reader)
            .await
            .expect("the stream ends")
            .unwrap();
        self.seen.text.lock().unwrap().clone()
    }
}

/// The program that was built beside this test: `target/debug/deps/it-…` and `target/debug/agentry`.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("agentry");
    assert!(
        program.is_file(),
        "{} is missing: run cargo build first",
        program.display()
    );
    program
}
