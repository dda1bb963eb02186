//! What this installation is made of, for who operates it.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::id::WorkerId;
use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::Tag;
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::problem::ApiError;
use crate::text::Text;

/// A worker not seen for this long is dead.
const LIVE: Duration = storage::workers::LIVE;

pub(crate) struct SystemApi;

/// The database.
#[derive(Serialize, Object)]
#[oai(rename = "Database")]
struct DatabaseOut {
    /// `postgresql` or `sqlite`.
    kind: String,
    /// Its version.
    version: String,
    /// The last step of the schema.
    schema: String,
    /// How far the answering machine's clock is ahead of the database's, in milliseconds.
    clock_ahead_ms: i64,
}

/// Redis.
#[derive(Serialize, Object)]
#[oai(rename = "Redis")]
struct RedisOut {
    /// Whether it answers.
    up: bool,
    /// Its version; null while it does not answer.
    version: Option<String>,
}

/// A process that delivers.
#[derive(Serialize, Object)]
#[oai(rename = "Worker")]
struct WorkerOut {
    /// Its id, new with each start.
    id: Text<WorkerId>,
    /// When it was last seen.
    seen_at: Text<Micros>,
    /// Whether it lives.
    alive: bool,
}

/// A setting of the answering process.
#[derive(Serialize, Object)]
#[oai(rename = "Setting")]
struct SettingOut {
    /// Its name in the file.
    key: String,
    /// Its value; secrets are masked.
    value: String,
    /// Where it came from.
    source: String,
}

/// What this installation is made of.
#[derive(Serialize, Object)]
struct System {
    /// Hookyard's version.
    version: String,
    /// `embedded` or `cluster`.
    mode: String,
    /// The database.
    database: DatabaseOut,
    /// Redis; null where there is none.
    redis: Option<RedisOut>,
    /// The processes that deliver, seen last first; empty where this process does everything.
    workers: Vec<WorkerOut>,
    /// The settings of the process that answers.
    settings: Vec<SettingOut>,
}

#[OpenApi(tag = "Tag::System")]
impl SystemApi {
    /// Describe the installation
    ///
    /// Versions, database, Redis, workers, and the settings of the process that answers, secrets masked.
    #[oai(path = "/system", method = "get", operation_id = "getSystem")]
    async fn get(&self, app: Data<&Arc<App>>, caller: Bearer) -> Result<Json<System>, ApiError> {
        let scope = caller.platform()?;
        let (storage, shared) = (&app.storage, app.limits.shared());
        let about = storage.about(scope).await?;
        let redis = match shared {
            Some(shared) => {
                let version = shared.version().await;
                Some(RedisOut {
                    up: version.is_some(),
                    version,
                })
            }
            None => None,
        };
        let now = storage.clock().now();
        let workers = storage.workers(scope).await?.into_iter();
        let settings = app.probes.settings.iter().map(|setting| SettingOut {
            key: setting.key.to_owned(),
            value: setting.value.clone(),
            source: setting.source.clone(),
        });
        let (kind, mode) = if storage.is_shared() {
            ("postgresql", "cluster")
        } else {
            ("sqlite", "embedded")
        };
        Ok(Json(System {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: mode.to_owned(),
            database: DatabaseOut {
                kind: kind.to_owned(),
                version: about.version,
                schema: about.schema,
                clock_ahead_ms: about.clock_ahead_ms,
            },
            redis,
            workers: workers
                .map(|(id, seen_at)| WorkerOut {
                    id: Text(id),
                    seen_at: Text(seen_at),
                    alive: now.since(seen_at) < LIVE,
                })
                .collect(),
            settings: settings.collect(),
        }))
    }
}
