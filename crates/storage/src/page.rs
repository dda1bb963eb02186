//! Keyset paging: newest first, by id; a cursor is the last id of the page before.

use domain::id::{Id, Kind};
use uuid::Uuid;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows at most.
    pub limit: u64,
    /// Rows below this id only.
    pub before: Option<Uuid>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<Uuid>,
}

impl PageRequest {
    /// A page of `limit` rows after `cursor`.
    pub fn new<K: Kind>(limit: u64, before: Option<Id<K>>) -> Self {
        Self {
            limit,
            before: before.map(Id::uuid),
        }
    }

    /// Cuts the one row more that was read to learn whether a next page exists.
    pub(crate) fn cut<T>(self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(id) } else { None };
        Page { rows, next }
    }
}

impl<T> Page<T> {
    /// The same page with each row turned into something else.
    pub(crate) fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(turn).collect(),
            next: self.next,
        }
    }

    /// The same page with each row turned into something else.
    ///
    /// Errors: the first row that cannot be turned.
    pub fn try_map<U, E>(self, turn: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page {
            rows: self.rows.into_iter().map(turn).collect::<Result<_, _>>()?,
            next: self.next,
        })
    }
}
