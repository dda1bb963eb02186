//! Databases of a test's server.

use std::sync::PoisonError;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::PostgresServer;

/// Dead processes' databases removed with each new one: more than one, so that they cannot pile up.
const SWEPT_AT_ONCE: usize = 3;

impl PostgresServer {
    /// Makes an empty database, or a copy of the template set with [`Self::set_template`], and returns its URL.
    ///
    /// In a server that many test processes share, databases of those that have ended are removed on the way.
    pub async fn create_database(&self) -> String {
        let template = self
            .template
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let name = format!(
            "{}{}",
            owner_prefix(std::process::id()),
            Uuid::now_v7().simple()
        );
        let mut admin = self.admin().await;
        let from = template.map_or_else(String::new, |template| format!(" TEMPLATE {template}"));
        run(&mut admin, &format!("CREATE DATABASE {name}{from}")).await;
        if self.own.is_none() {
            sweep(&mut admin).await;
        }
        self.url(&name)
    }

    /// Copies `database` for every coming [`Self::create_database`]. Nobody may be connected to it then.
    pub fn set_template(&self, database: &str) {
        *self.template.lock().unwrap_or_else(PoisonError::into_inner) = Some(database.to_owned());
    }

    /// Sets a template that is made once per server, also when the tests are many processes: `prepare` is given the URL
    /// of an empty database, brings it into shape (its migrations) and closes its connections. `key`, lower-case letters, digits
    /// and `_`, must change with the shape.
    pub async fn prepare_template<F: Future<Output = ()>>(
        &self,
        key: &str,
        prepare: impl FnOnce(String) -> F,
    ) {
        let (name, making) = (format!("template_{key}"), format!("making_{key}"));
        let mut admin = self.admin().await;
        // One maker at a time; the lock ends with the connection.
        run(&mut admin, "SELECT pg_advisory_lock(7227)").await;
        if !databases(&mut admin).await.contains(&name) {
            run(
                &mut admin,
                &format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)"),
            )
            .await;
            run(&mut admin, &format!("CREATE DATABASE {making}")).await;
            prepare(self.url(&making)).await;
            run(
                &mut admin,
                &format!("ALTER DATABASE {making} RENAME TO {name}"),
            )
            .await;
        }
        admin.close().await.expect("a connection that closes");
        self.set_template(&name);
    }

    async fn admin(&self) -> PgConnection {
        let url = self.admin_url.as_str();
        PgConnection::connect(url)
            .await
            .expect("a connection to the test's PostgreSQL")
    }
}

/// Removes databases of processes of this machine that are gone.
async fn sweep(admin: &mut PgConnection) {
    let mut gone = databases(admin).await;
    gone.retain(|name| owner(name).is_some_and(|pid| !alive(pid)));
    for name in gone.iter().take(SWEPT_AT_ONCE) {
        // Two may sweep the same one.
        let dropped = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        drop(sqlx::raw_sql(dropped).execute(&mut *admin).await);
    }
}

async fn databases(admin: &mut PgConnection) -> Vec<String> {
    let names = sqlx::query_scalar("SELECT datname::text FROM pg_database");
    names.fetch_all(admin).await.expect("a list of databases")
}

async fn run(admin: &mut PgConnection, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(admin)
        .await;
    if let Err(error) = done {
        panic!("{statement}: {error}");
    }
}

/// Leads the names of a process's databases: this machine's processes, then which of them.
fn owner_prefix(pid: u32) -> String {
    format!("t_{:08x}_{pid}_", machine())
}

/// The process that a database was made for, when it is one of this machine.
fn owner(database: &str) -> Option<u32> {
    let rest = database.strip_prefix(&format!("t_{:08x}_", machine()))?;
    rest.split('_').next()?.parse().ok()
}

/// Tells this start of this machine, and this container on it, from others that may use the same server.
fn machine() -> u32 {
    let boot = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let text = boot.iter().chain(space.as_os_str().as_encoded_bytes());
    // FNV-1a, 32 bits: the same in every process, as the hashes of the standard library need not be.
    text.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Without `/proc` nobody is known to be gone, and nothing is removed.
fn alive(pid: u32) -> bool {
    let proc = std::path::Path::new("/proc");
    !proc.join("self").exists() || proc.join(pid.to_string()).exists()
}
