//! What `/` shows until the dashboard is built: where everything is.

use poem::web::Html;
use poem::{IntoResponse, handler};

/// The page.
#[handler]
pub(crate) fn stub() -> impl IntoResponse {
    Html(include_str!("web/stub.html"))
}
