//! The refresh token of a browser: in a cookie that no script can read and that no other site's page is answered for.

use std::sync::Arc;
use std::time::Duration;

use poem::http::header::{COOKIE, HOST, ORIGIN};
use poem::http::{HeaderValue, Uri};
use poem::{FromRequest, Request, RequestBody};

use crate::app::App;
use crate::problem::{ApiError, Slug};

/// The cookie's name.
const NAME: &str = "hookyard_refresh";
/// Where browsers send it.
const PATH: &str = "/v1/auth";
/// What browsers say of the page that asks. Source: W3C, "Fetch Metadata Request Headers".
const FETCH_SITE: &str = "sec-fetch-site";

/// What a browser sends along.
#[derive(Debug)]
pub(crate) struct BrowserCookie {
    token: Option<String>,
    /// Whether the page that asks is our own.
    is_ours: bool,
}

impl<'a> FromRequest<'a> for BrowserCookie {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let app: &Arc<App> = request
            .data()
            .ok_or_else(|| ApiError::internal("no App in the request"))?;
        Ok(Self {
            token: token_of(request),
            is_ours: is_ours(request, app.mail.public_url()),
        })
    }
}

fn token_of(request: &Request) -> Option<String> {
    let cookies = request.headers().get_all(COOKIE).into_iter();
    cookies
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
        .map(str::to_owned)
}

/// Whether a page of this very site asks. Browsers say so of every POST, one way or the other.
fn is_ours(request: &Request, public_url: &str) -> bool {
    if let Some(site) = request.header(FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = request.header(ORIGIN) else {
        return false;
    };
    let host = |url: &str| {
        url.parse::<Uri>()
            .ok()?
            .authority()
            .map(ToString::to_string)
    };
    let origin = host(origin);
    origin.is_some() && (origin.as_deref() == request.header(HOST) || origin == host(public_url))
}

impl BrowserCookie {
    /// The token that is shown: the body's, or the cookie's, and whether it is the latter.
    ///
    /// Errors: 403 for a cookie that another site's page sends; 401 without either.
    pub(crate) fn or(self, body: Option<String>) -> Result<(String, bool), ApiError> {
        if let Some(token) = body {
            return Ok((token, false));
        }
        let refused = || ApiError::new(Slug::Unauthenticated, "There is no refresh token.");
        let token = self.token.ok_or_else(refused)?;
        if !self.is_ours {
            let detail = "The cookie is taken from pages of this site only.";
            return Err(ApiError::new(Slug::Forbidden, detail));
        }
        Ok((token, true))
    }
}

/// Keeps a token in the browser for as long as its login lasts.
pub(crate) fn keep(token: &str, life: Duration, public_url: &str) -> Result<HeaderValue, ApiError> {
    write(token, life.as_secs(), public_url)
}

/// Takes the token out of the browser.
pub(crate) fn forget(public_url: &str) -> Result<HeaderValue, ApiError> {
    write("", 0, public_url)
}

fn write(token: &str, seconds: u64, public_url: &str) -> Result<HeaderValue, ApiError> {
    let secure = if public_url.starts_with("https:") {
        "; Secure"
    } else {
        ""
    };
    let text = format!(
        "{NAME}={token}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.finish()
    }

    #[test]
    fn only_our_own_pages_may_use_the_cookie() {
        let site = |site| request(&[("sec-fetch-site", site)]);
        let ours = |request: &Request| is_ours(request, "https://hooks.example.com");
        assert!(ours(&site("same-origin")));
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(!ours(&site(other)), "{other}");
        }
        let from = |origin| request(&[("origin", origin), ("host", "10.0.0.1:8080")]);
        assert!(ours(&from("http://10.0.0.1:8080")));
        assert!(ours(&from("https://hooks.example.com")));
        for other in ["https://evil.example", "null", "http://10.0.0.1"] {
            assert!(!ours(&from(other)), "{other}");
        }
        assert!(!ours(&request(&[])));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let request = request(&[("cookie", "a=b; hookyard_refresh=hyr_x; c=d")]);
        assert_eq!(token_of(&request).as_deref(), Some("hyr_x"));
        let request = self::request(&[("cookie", "hookyard_refresher=hyr_x")]);
        assert_eq!(token_of(&request), None);
    }
}
