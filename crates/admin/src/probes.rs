//! `/livez`, `/readyz` and `/metrics`, for machines that watch machines.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

use crate::app::App;

/// Time for each check: the answer comes within it even when a part hangs.
const CHECK_TIME: Duration = Duration::from_millis(200);

/// Alive: the process answers.
#[handler]
pub(crate) fn livez() -> &'static str {
    "ok\n"
}

/// Ready: requests may be sent here. `?verbose` names each check.
#[handler]
pub(crate) async fn readyz(app: Data<&Arc<App>>, request: &Request) -> Response {
    let results = checks(&app).await;
    let ready = results.iter().all(|(_, result)| result.is_ok());
    let verbose = request
        .uri()
        .query()
        .is_some_and(|query| query.starts_with("verbose"));
    let lines = results
        .iter()
        .filter(|_| verbose)
        .map(|(name, result)| match result {
            Ok(()) => format!("[+] {name} ok\n"),
            Err(trouble) => format!("[-] {name} {trouble}\n"),
        });
    let mut text: String = lines.collect();
    text.push_str(if ready { "ok\n" } else { "not ready\n" });
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Response::builder()
        .status(status)
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

/// Prometheus' text format.
#[handler]
pub(crate) fn metrics(Data(app): Data<&Arc<App>>) -> Response {
    Response::builder()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((app.probes.metrics)())
}

async fn checks(app: &App) -> Vec<(&'static str, Result<(), String>)> {
    let late = || "did not answer in time".to_owned();
    let draining = if app.probes.draining.is_cancelled() {
        Err("the process is ending".to_owned())
    } else {
        Ok(())
    };
    let database = async {
        match tokio::time::timeout(CHECK_TIME, app.storage.ping()).await {
            Ok(result) => result.map_err(|error| {
                tracing::warn!(%error, "readiness.database");
                "does not answer".to_owned()
            }),
            Err(_) => Err(late()),
        }
    };
    let others = join_all(app.probes.checks.iter().map(|part| async {
        let result = tokio::time::timeout(CHECK_TIME, (part.check)()).await;
        (part.name, result.unwrap_or_else(|_| Err(late())))
    }));
    let (database, others) = futures::join!(database, others);
    let mut results = vec![("running", draining), ("database", database)];
    results.extend(others);
    results
}
