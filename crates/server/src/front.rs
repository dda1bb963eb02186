//! What answers on a port from the first moment: while the process starts, `/livez` is up and everything
//! else says so; then the application takes over. A port may show only a part of it.

use std::sync::{Arc, OnceLock};

use admin::server::Service;
use poem::endpoint::ToDynEndpoint;
use poem::http::StatusCode;
use poem::{Endpoint, Request, Response};

/// Which paths a port shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// All.
    All,
    /// All but `/metrics`, which has its own port.
    AllButMetrics,
    /// What machines that watch machines ask for.
    Probes,
}

impl Shows {
    fn path(self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllButMetrics => path != "/metrics",
            Self::Probes => ["/livez", "/readyz", "/metrics"].contains(&path),
        }
    }
}

/// The application, once it is there; shared by all ports.
#[derive(Clone, Default)]
pub(crate) struct Front(Arc<OnceLock<Service>>);

impl Front {
    /// From now on the application answers.
    pub(crate) fn open(&self, application: Service) {
        // Only the first one counts, and there is only one.
        self.0.set(application).ok();
    }

    /// What one port serves.
    pub(crate) fn port(&self, shows: Shows) -> Service {
        Arc::new(ToDynEndpoint(Port {
            front: self.clone(),
            shows,
        }))
    }
}

struct Port {
    front: Front,
    shows: Shows,
}

impl Endpoint for Port {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if !self.shows.path(path) {
            return Ok(plain(StatusCode::NOT_FOUND, "not on this port\n"));
        }
        match self.front.0.get() {
            Some(application) => application.call(request).await,
            None if path == "/livez" => Ok(plain(StatusCode::OK, "ok\n")),
            None => Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n")),
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut builder = Response::builder()
        .status(status)
        .content_type("text/plain; charset=utf-8");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        builder = builder.header("retry-after", "1");
    }
    builder.body(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(service: &Service, path: &str) -> u16 {
        let request = Request::builder().uri(path.parse().unwrap()).finish();
        service.call(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_starting_process_is_alive_and_not_ready() {
        let port = Front::default().port(Shows::All);
        assert_eq!(status(&port, "/livez").await, 200);
        assert_eq!(status(&port, "/readyz").await, 503);
        assert_eq!(status(&port, "/v1/me").await, 503);
    }

    #[tokio::test]
    async fn a_port_shows_its_part_only() {
        let front = Front::default();
        let anything = poem::endpoint::make_sync(|_| Response::from("here"));
        front.open(Arc::new(ToDynEndpoint(anything)));
        for (shows, metrics, api) in [
            (Shows::All, 200, 200),
            (Shows::AllButMetrics, 404, 200),
            (Shows::Probes, 200, 404),
        ] {
            assert_eq!(
                status(&front.port(shows), "/metrics").await,
                metrics,
                "{shows:?}"
            );
            assert_eq!(status(&front.port(shows), "/v1/me").await, api, "{shows:?}");
        }
    }
}
