//! What embedded mode needs on disk: a private data directory, proof that this process is alone, and a
//! master key.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use storage::Keyring;

use crate::config::{ConfigError, MasterKey, Settings, parse_master_keys};

/// The data belongs to another process.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by pid {pid}", path.display())]
pub(crate) struct InUse {
    /// The database file.
    pub(crate) path: PathBuf,
    /// Who has it, as its lock file says.
    pub(crate) pid: String,
}

/// Held while the process uses a database file. Released by its drop, or by the end of the process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Makes the data directory and takes its database for this process alone. `None` with PostgreSQL.
///
/// Errors: [`InUse`]; the directory cannot be made or written.
pub(crate) fn take(settings: &Settings) -> anyhow::Result<Option<Lock>> {
    let Some(database) = settings.database_file() else {
        return Ok(None);
    };
    private_directory(&settings.data_dir)?;
    lock(&database).map(Some)
}

fn private_directory(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("make the data directory {}", path.display()))
}

fn lock(database: &Path) -> anyhow::Result<Lock> {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&name)
        .with_context(|| format!("open {}", name.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            Ok(Lock { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid)?;
            Err(InUse {
                path: database.to_owned(),
                pid: pid.trim().to_owned(),
            }
            .into())
        }
        Err(TryLockError::Error(error)) => {
            Err(anyhow!(error).context(format!("lock {}", name.display())))
        }
    }
}

/// The master keys: as set; else, in embedded mode, the one in the data directory, made at first start.
///
/// Errors: PostgreSQL without a key; the key's file cannot be read or written.
pub(crate) fn master_keys(
    settings: &Settings,
    rng: &mut impl Rng,
) -> anyhow::Result<Vec<MasterKey>> {
    if !settings.master_keys.is_empty() {
        Ok(settings.master_keys.clone())
    } else if settings.database_file().is_some() {
        stored_keys(&settings.data_dir.join("master.key"), rng)
    } else {
        Err(ConfigError::of(
            "HOOKYARD_MASTER_KEY is not set: with PostgreSQL every process must be given the same key; \
             `openssl rand -base64 32` makes one",
        )
        .into())
    }
}

/// The keys as storage uses them.
pub(crate) fn keyring(keys: &[MasterKey]) -> Keyring {
    let keys: zeroize::Zeroizing<Vec<[u8; 32]>> =
        keys.iter().map(|key| **key).collect::<Vec<_>>().into();
    Keyring::new(&keys)
}

fn stored_keys(path: &Path, rng: &mut impl Rng) -> anyhow::Result<Vec<MasterKey>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = MasterKey::new([0; 32]);
            rng.fill_bytes(&mut *key);
            let text = STANDARD.encode(*key);
            write_key(path, &text)
                .with_context(|| format!("keep the new master key in {}", path.display()))?;
            tracing::info!(path = %path.display(), "master_key.made");
            text
        }
        other => other.with_context(|| format!("read {}", path.display()))?,
    };
    parse_master_keys(&text.replace('\n', ","))
        .ok()
        .filter(|keys| !keys.is_empty())
        .ok_or_else(|| {
            ConfigError::of(format!("{}: must be base64 of 32 bytes", path.display())).into()
        })
}

/// The key is on the disk before anything is encrypted with it.
fn write_key(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
