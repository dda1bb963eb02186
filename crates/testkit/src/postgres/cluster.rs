//! The installed programs of `PostgreSQL`, and data folders made with them.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::program;

/// Where distributions keep the programs, one folder per version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Counts the ways data folders were made here, so that one made another way is not used again.
const RECIPE: u32 = 1;

/// Bytes of a write-ahead log file, in MiB. A quarter of the default: less to copy for each server.
const WAL_SEGMENT_MIB: u32 = 4;

/// Small, and complete: what is committed is on the disk.
const SETTINGS: [(&str, &str); 7] = [
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "100"),
    ("shared_buffers", "32MB"),
    ("fsync", "on"),
    ("autovacuum", "on"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
];

/// One installed version, and who runs it.
#[derive(Debug)]
pub(super) struct Cluster {
    initdb: PathBuf,
    postgres: PathBuf,
    /// User and group that run the programs when we are root: they refuse to run as root.
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// The newest installed version, or else the one in the PATH.
    pub(super) fn find() -> Self {
        let version = |folder: &PathBuf| -> Option<u32> {
            folder
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok())
        };
        let folders = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
        folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
        let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.join("bin")).collect();
        Self {
            initdb: program("initdb", &folders),
            postgres: program("postgres", &folders),
            user: unprivileged(),
        }
    }

    /// Makes `folder/data`, by copying one that was made before where there is one.
    pub(super) fn make_data_folder(&self, folder: &Path) {
        self.give_away(folder);
        let template = self.template();
        let mut copy = self.command(Path::new("cp"));
        copy.arg("-R").arg(template).arg(folder.join("data"));
        run(copy);
    }

    /// The server on `folder/data`, its socket in `folder`.
    pub(super) fn server(
        &self,
        folder: &Path,
        port: u16,
        settings: &[(String, String)],
    ) -> Command {
        let mut command = self.command(&self.postgres);
        command
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(folder);
        command.args(["-p", &port.to_string()]);
        for (name, value) in SETTINGS {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        if cfg!(target_os = "linux") {
            // After a kill the whole folder is synced first: file by file that takes seconds.
            command.args(["-c", "recovery_init_sync_method=syncfs"]);
        }
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// A data folder that no server ever used, made once per version, user and machine.
    fn template(&self) -> PathBuf {
        let mut version = Command::new(&self.postgres);
        let version = version
            .arg("--version")
            .output()
            .expect("postgres says its version")
            .stdout;
        let version: String = version
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| *byte as char)
            .collect();
        let temp = std::env::temp_dir();
        let making = TempDir::with_prefix("hy-pg-template-").expect("a temporary folder");
        self.give_away(making.path());
        let owner = fs::metadata(making.path())
            .expect("a folder just made")
            .uid();
        let template = temp.join(format!("hookyard-postgres-{version}-{owner}-{RECIPE}"));
        if !owned_by(&template, owner) {
            let data = making.path().join("data");
            let mut initdb = self.command(&self.initdb);
            initdb
                .arg("-D")
                .arg(&data)
                .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"]);
            initdb.args(["--locale=C", "--no-sync", "--no-instructions"]);
            run(initdb.arg(format!("--wal-segsize={WAL_SEGMENT_MIB}")));
            // Somebody may have been faster: then theirs is as good.
            drop(fs::rename(&data, &template));
        }
        assert!(
            owned_by(&template, owner),
            "{} is not ours",
            template.display()
        );
        template
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .env_remove("PGDATA");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn give_away(&self, folder: &Path) {
        if let Some((user, group)) = self.user {
            chown(folder, Some(user), Some(group)).expect("root gives a folder away");
        }
    }
}

/// Whom the programs run as: nobody else when we are not root, else `postgres`, else `nobody`.
fn unprivileged() -> Option<(u32, u32)> {
    let probe = TempDir::new().expect("a temporary folder");
    if fs::metadata(probe.path())
        .expect("a folder just made")
        .uid()
        != 0
    {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("a list of users");
    let user = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
        Some((ids.next()?, ids.next()?))
    };
    Some(
        user("postgres")
            .or_else(|| user("nobody"))
            .expect("a user postgres or nobody"),
    )
}

fn owned_by(folder: &Path, owner: u32) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir() && found.uid() == owner)
}

fn run(mut command: impl std::borrow::BorrowMut<Command>) {
    let command = command.borrow_mut();
    let output = command.output().expect("a program that starts");
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
