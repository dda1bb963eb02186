//! What the pages of problems and of outcomes share: their frame, their look, and that they load nothing.

use poem::IntoResponse;
use poem::http::header::CONTENT_SECURITY_POLICY;
use poem::web::Html;

/// Nothing but the page's own style.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}\
                     pre{background:#f4f4f5;padding:1rem;overflow:auto}code{font-family:ui-monospace,monospace}\
                     td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}";

/// The page of this title, plain text, and this body, which is HTML.
pub(super) fn page(title: &str, body: &str) -> impl IntoResponse + use<> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    Html(html).with_header(CONTENT_SECURITY_POLICY, POLICY)
}

/// Plain text as HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
