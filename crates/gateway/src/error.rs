//! The causes a use case can end with. The HTTP edge gives each its status.

use domain::error::FieldError;

/// Why a use case was refused or failed. When it fails nothing is half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields are wrong.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// The endpoint's URL may not be called. Other fields may be wrong as well.
    #[error("the URL is not acceptable")]
    InvalidUrl(Vec<FieldError>),
    /// A header or a secret that is sent as one is wrong. Other fields may be as well.
    #[error("a header is not valid")]
    InvalidHeader(Vec<FieldError>),
    /// There is no such thing for this caller.
    #[error("not found")]
    NotFound,
    /// It contradicts what is there.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way.
        detail: String,
    },
    /// The merchant or app has as many as it may.
    #[error("{detail}")]
    LimitReached {
        /// Which limit.
        detail: String,
    },
    /// Too many calls in a short time.
    #[error("too many calls")]
    TooMany {
        /// When to come back, in seconds.
        retry_after: u64,
    },
    /// The Idempotency-Key was used with another body.
    #[error("this Idempotency-Key was used with another body")]
    KeyReused,
    /// The merchant is suspended.
    #[error("the merchant is suspended")]
    Suspended,
    /// Too much is waiting already.
    #[error("too many events are waiting to be stored")]
    Overloaded,
    /// Storage could not do it.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// All that is wrong with a request, by kinds.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// The URL.
    pub(crate) url: Vec<FieldError>,
    /// Headers, and secrets that are sent as one.
    pub(crate) headers: Vec<FieldError>,
    /// Everything else.
    pub(crate) others: Vec<FieldError>,
}

impl Faults {
    /// Refuses if there are any: named for the gravest kind, and telling all.
    ///
    /// Errors: the faults.
    pub(crate) fn refuse(self) -> Result<(), Error> {
        let error = match (self.url.as_slice(), self.headers.as_slice()) {
            ([], []) => Error::Invalid,
            ([], _) => Error::InvalidHeader,
            _ => Error::InvalidUrl,
        };
        let all = [self.url, self.headers, self.others].concat();
        if all.is_empty() {
            Ok(())
        } else {
            Err(error(all))
        }
    }
}

impl Error {
    /// One bad field.
    pub(crate) fn field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// The same cause for another caller that waited on the same commit.
    pub(crate) fn of_storage(error: &storage::Error) -> Self {
        Self::Storage(match error {
            storage::Error::Unavailable(text) => storage::Error::Unavailable(text.clone()),
            storage::Error::Busy(text) => storage::Error::Busy(text.clone()),
            storage::Error::Full => storage::Error::Full,
            storage::Error::Closed => storage::Error::Closed,
            other => storage::Error::Database(other.to_string()),
        })
    }
}
