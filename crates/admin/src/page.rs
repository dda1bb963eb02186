//! Lists: newest first, paged by opaque cursors that are good for the same list and filters only.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use storage::{Page, PageRequest};
use uuid::Uuid;

use crate::app::App;
use crate::problem::{ApiError, Slug};

/// First byte of a cursor: the format's version.
const FORMAT: u8 = 2;
/// Bytes of a cursor's code.
const CODE: usize = 16;
/// What a cursor looks like.
pub(crate) const CURSOR_PATTERN: &str = "^[A-Za-z0-9_-]{44}$";
/// Rows of a page when the caller does not say.
pub(crate) const LIMIT_DEFAULT: u64 = 50;
/// Rows of a page at most.
pub(crate) const LIMIT_MAX: u64 = 250;

/// One page of a list.
#[derive(Debug, Serialize, Object)]
pub(crate) struct List<T: Type + ParseFromJSON + ToJSON> {
    /// The rows, newest first.
    pub(crate) data: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// Which list a request asks for: its path and filters, cursor and limit aside. Cursors carry a code over that and
/// the place they stand for, made with a key of the server's: one that is made up, changed, or of another list is
/// told from one that was given.
#[derive(Clone, Copy)]
pub(crate) struct ListOf {
    list: [u8; 32],
    key: [u8; 32],
}

impl<'a> FromRequest<'a> for ListOf {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let app: &Arc<App> = request
            .data()
            .ok_or_else(|| ApiError::internal("no App in the request"))?;
        let uri = request.original_uri();
        let query = uri.query().unwrap_or_default();
        Ok(Self::new(uri.path(), query, app.auth.cursor_key()))
    }
}

impl ListOf {
    fn new(path: &str, query: &str, key: [u8; 32]) -> Self {
        let mut filters: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.starts_with("cursor=") && !pair.starts_with("limit="))
            .collect();
        filters.sort_unstable();
        let mut hash = Sha256::new();
        hash.update(path);
        hash.update("?");
        hash.update(filters.join("&"));
        Self {
            list: hash.finalize().into(),
            key,
        }
    }

    /// The page that is asked for.
    ///
    /// Errors: the limit is out of range, or the cursor is not one of this list.
    pub(crate) fn page(
        self,
        cursor: Option<&str>,
        limit: Option<u64>,
    ) -> Result<PageRequest, ApiError> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(ApiError::parameter(
                "limit",
                format!("must be 1 to {LIMIT_MAX}"),
            ));
        }
        let before = cursor
            .map(|cursor| {
                self.read(cursor)
                    .ok_or_else(|| ApiError::of(Slug::InvalidCursor))
            })
            .transpose()?;
        Ok(PageRequest { limit, before })
    }

    /// A page as the API shows it.
    pub(crate) fn answer<R, T>(self, page: Page<R>, show: impl FnMut(R) -> T) -> List<T>
    where
        T: Type + ParseFromJSON + ToJSON,
    {
        List {
            data: page.rows.into_iter().map(show).collect(),
            next_cursor: page.next.map(|id| self.write(id)),
        }
    }

    fn write(self, id: Uuid) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(id.as_bytes());
        let code = self.code(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&code[..CODE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(self, cursor: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (said, code) = bytes.split_last_chunk::<CODE>()?;
        self.code(said).verify_truncated_left(code).ok()?;
        Uuid::from_slice(said.strip_prefix(&[FORMAT])?).ok()
    }

    /// The code of what a cursor says, not yet finished.
    fn code(self, said: &[u8]) -> Hmac<Sha256> {
        // A key that is shorter than a block ends in zeros. Source: RFC 2104, section 2.
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut code = Hmac::<Sha256>::new(&block.into());
        code.update(&self.list);
        code.update(said);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    proptest! {
        #[test]
        fn only_what_was_written_is_read(id: u128, at in 0_usize..44, by in "[A-Za-z0-9_-]", text in "\\PC{0,80}") {
            let list = ListOf::new("/v1/merchants", "a=1", KEY);
            let cursor = list.write(Uuid::from_u128(id));
            prop_assert_eq!(list.read(&cursor), Some(Uuid::from_u128(id)));
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &by);
            prop_assert_eq!(list.read(&changed).is_some(), changed == cursor);
            prop_assert_eq!(list.read(&text), None);
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let list = ListOf::new("/v1/merchants", "b=2&a=1&limit=5", KEY);
        let id = Uuid::from_u128(7);
        let cursor = list.write(id);
        let same = ListOf::new("/v1/merchants", "a=1&b=2&cursor=x", KEY);
        assert_eq!(same.page(Some(&cursor), None).unwrap().before, Some(id));
        for other in [
            ListOf::new("/v1/merchants", "a=2&b=2", KEY),
            ListOf::new("/v1/users", "a=1&b=2", KEY),
            ListOf::new("/v1/merchants", "a=1&b=2", [8; 32]),
        ] {
            assert_eq!(
                other.page(Some(&cursor), None).unwrap_err().slug,
                Slug::InvalidCursor
            );
        }
        assert_eq!(
            list.page(Some("nonsense"), None).unwrap_err().slug,
            Slug::InvalidCursor
        );
    }

    #[test]
    fn a_limit_is_1_to_250() {
        let list = ListOf::new("/", "", KEY);
        assert_eq!(list.page(None, None).unwrap().limit, 50);
        assert!(list.page(None, Some(0)).is_err());
        assert!(list.page(None, Some(250)).is_ok());
        assert!(list.page(None, Some(251)).is_err());
    }
}
