//! The reference page, from nothing but this binary, and a page for each problem and each outcome of an attempt.

mod outcomes;
mod page;
mod problems;

use std::sync::LazyLock;

use bytes::Bytes;
use poem::error::InternalServerError;
use poem::http::header::CONTENT_SECURITY_POLICY;
use poem::{Endpoint, EndpointExt as _, Response, Route};
use poem_openapi::OpenApiService;
use tokio::task::spawn_blocking;

use crate::openapi::{Version, spec};
use crate::web::compressed;

/// Nothing is fetched from elsewhere: the page says so, and this makes the browser hold it to that.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
                      img-src 'self' data:; font-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";
/// The page up to the reference's program.
const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hookyard API</title>
<style>body{margin:0}</style>
</head>
<body>
<script id="api-reference" type="application/json" data-configuration='{"withDefaultFonts":false,"hideClientButton":true}'>
"#;

/// Made when somebody first asks for it, as is the next: that takes longer than all the rest of a start.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| spec(Version::V3_1));
static PAGE: LazyLock<String> = LazyLock::new(|| reference(&DOCUMENT));

/// `/docs` and `/openapi.json`; `/docs/problems` and `/docs/outcomes`, each with a page for every one of them below.
pub(crate) fn routes() -> Route {
    Route::new()
        .at("/openapi.json", fixed("application/json", &DOCUMENT))
        .at("/docs", fixed("text/html; charset=utf-8", &PAGE))
        .at("/docs/problems", poem::get(problems::index))
        .at("/docs/problems/:slug", poem::get(problems::one))
        .at("/docs/outcomes", poem::get(outcomes::index))
        .at("/docs/outcomes/:outcome", poem::get(outcomes::one))
}

fn fixed(content_type: &'static str, text: &'static LazyLock<String>) -> impl Endpoint {
    let answer = move |_| async move {
        let text = spawn_blocking(move || text.as_bytes()).await;
        let text = text.map_err(InternalServerError)?;
        Ok::<_, poem::Error>(
            Response::builder()
                .content_type(content_type)
                .header(CONTENT_SECURITY_POLICY, POLICY)
                .body(Bytes::from_static(text)),
        )
    };
    poem::get(poem::endpoint::make(answer)).with(compressed())
}

/// The reference: Scalar as poem-openapi embeds it, with our document and without its fonts.
fn reference(document: &str) -> String {
    let empty = OpenApiService::new((), "", "").scalar_html();
    let program = empty
        .split_once("</script>")
        .map_or("", |(_, program)| program);
    // In a script element only `</` could end the document early.
    format!("{HEAD}{}</script>{program}", document.replace("</", "<\\/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_page_holds_the_document_and_the_program() {
        let page = reference(r#"{"openapi":"3.1.0"}"#);
        assert!(page.contains(r#"{"openapi":"3.1.0"}"#));
        assert!(page.contains("withDefaultFonts"));
        assert!(page.len() > 1_000_000, "the program is embedded");
        for element in ["<script src", "<link"] {
            let outside = page.split("<script charset").next().unwrap();
            assert!(!outside.contains(element), "{element}");
        }
    }
}
