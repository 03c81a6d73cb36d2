//! Making the cluster, once.
//!
//! `initdb` works in a folder of another name, which takes its final name only when everything in it is done and on
//! disk: a kill at any moment leaves either no cluster or a whole one.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Output;

use super::account::Account;
use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::folder::DataFolder;
use super::{OWNER_ROLE, log};

/// The major version of the cluster in `folder`, if there is one.
pub(crate) fn cluster_major(cluster: &Path) -> Option<u32> {
    fs::read_to_string(cluster.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Makes the cluster unless it is there.
pub(crate) fn ensure_cluster(
    folder: &DataFolder,
    binaries: &Binaries,
    account: &Account,
    durable: bool,
) -> Result<(), EmbeddedError> {
    let cluster = folder.cluster();
    if cluster_major(&cluster).is_some() {
        return Ok(());
    }
    let unfinished = folder.unfinished_cluster();
    let mut result = Err(String::new());
    for ctype in ctypes(binaries.major) {
        clear(&unfinished)?;
        DirBuilder::new()
            .mode(0o700)
            .create(&unfinished)
            .map_err(EmbeddedError::io("create", &unfinished))?;
        account.own(&unfinished)?;
        result = run(binaries, account, &unfinished, ctype, durable)?;
        // Which character types the system knows differs; only their absence is a reason to try the next.
        if !matches!(&result, Err(output) if output.contains("locale name")) {
            break;
        }
    }
    if let Err(output) = result {
        clear(&unfinished)?;
        return Err(EmbeddedError::InitDb {
            path: cluster,
            output: log::last_lines(&output),
        });
    }
    fs::rename(&unfinished, &cluster).map_err(EmbeddedError::io("rename", &unfinished))?;
    let parent = folder.path();
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(EmbeddedError::io("sync", parent))
}

/// Text sorts by code point everywhere, so indexes never depend on the system's collation version; upper and lower case of
/// all scripts need a UTF-8 character type, which is named differently by platform.
fn ctypes(major: u32) -> &'static [&'static [&'static str]] {
    if major >= 17 {
        return &[&[
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]];
    }
    &[
        &["--locale-provider=libc", "--locale=C", "--lc-ctype=C.UTF-8"],
        &[
            "--locale-provider=libc",
            "--locale=C",
            "--lc-ctype=en_US.UTF-8",
        ],
        &["--locale-provider=libc", "--locale=C"],
    ]
}

fn run(
    binaries: &Binaries,
    account: &Account,
    target: &Path,
    ctype: &[&str],
    durable: bool,
) -> Result<Result<(), String>, EmbeddedError> {
    let mut command = account.command(&binaries.initdb());
    command
        .arg("--pgdata")
        .arg(target)
        .args([
            "--encoding=UTF8",
            "--data-checksums",
            "--username",
            OWNER_ROLE,
        ])
        // Trust, because the socket's folder already decides who may connect: it is closed (0700) to everyone but the
        // server's own account and root, who could read the data files anyway. A password would have to lie in a file
        // beside them and guard nothing. `peer` would refuse root, as whom Agentry may run. TCP is off, and refused here too.
        .args(["--auth-local=trust", "--auth-host=reject"])
        .args(ctype);
    if !durable {
        command.arg("--no-sync");
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .map_err(EmbeddedError::io("run", binaries.initdb()))?;
    if status.success() {
        return Ok(Ok(()));
    }
    let text = [stdout, stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    Ok(Err(text))
}

fn clear(folder: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(EmbeddedError::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
