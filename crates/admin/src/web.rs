//! The dashboard: the pages of `web/dist`, as they were when this was built; a page that says how to get them where
//! there are none. A development build reads them from the disk, so that a new build of the pages is seen at once.

use std::borrow::Cow;

use poem::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use poem::middleware::Compression;
use poem::web::{CompressionAlgo, CompressionLevel, Path};
use poem::{Endpoint, EndpointExt as _, Response, Route, handler};
use rust_embed::Embed;

use crate::problem::{ApiError, Slug};

/// Nothing comes from elsewhere, no script stands in a page, and no other site shows it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// Where the dashboard's pages are; `/*` stands for all below. It finds its way from there by itself.
const PAGES: [&str; 10] = [
    "/",
    "/sign-in",
    "/portal",
    "/accept-invitation",
    "/reset-password",
    "/merchants",
    "/account",
    "/platform",
    "/platform/*page",
    "/m/*page",
];

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// The pages and what they load.
pub(crate) fn routes(all: Route) -> Route {
    let all = all.at("/assets/*file", poem::get(asset).with(compressed()));
    PAGES
        .into_iter()
        .fold(all, |all, path| all.at(path, poem::get(page())))
}

/// Small rather than soon: pages are loaded once. gzip, whose levels are worth their time; what the middleware does
/// by itself is brotli at its fastest, which is larger.
pub(crate) fn compressed() -> Compression {
    Compression::new()
        .algorithms([CompressionAlgo::GZIP])
        .with_quality(CompressionLevel::Best)
}

fn page() -> impl Endpoint {
    poem::endpoint::make_sync(|_| {
        let page = Built::get("index.html").map_or_else(
            || Cow::Borrowed(include_bytes!("web/stub.html").as_slice()),
            |file| file.data,
        );
        // The next release's page loads other files.
        answer("index.html", page, "no-cache")
    })
}

/// What a page loads. Names change with contents, but for the icon's.
#[handler]
fn asset(Path(file): Path<String>) -> poem::Result<Response> {
    let path = format!("assets/{file}");
    let kept = if file.contains('-') {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let found = Built::get(&path).ok_or_else(|| ApiError::of(Slug::NotFound))?;
    Ok(answer(&path, found.data, kept))
}

fn answer(name: &str, body: Cow<'static, [u8]>, kept: &str) -> Response {
    let content_type = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Response::builder()
        .content_type(content_type)
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(CACHE_CONTROL, kept)
        .body(body.into_owned())
}
