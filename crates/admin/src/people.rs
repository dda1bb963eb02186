//! What is right about people: emails and passwords, wherever they are given.

use domain::error::FieldError;
use lettre::Address;
use storage::users::PersonChanged;

use crate::problem::{ApiError, Slug};

/// Least and most characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;
/// Longest email, in bytes. Source: RFC 5321.
const EMAIL_MAX: usize = 254;
/// Merchants a user may belong to, and apps they may develop: what `/me` shows at once.
pub(crate) const MEMBERSHIPS_MAX: usize = 100;

/// An email as it is stored.
pub(crate) fn email_of(given: &str) -> String {
    given.trim().to_lowercase()
}

/// What is wrong with an email.
pub(crate) fn email_fault(given: &str) -> Option<FieldError> {
    let email = email_of(given);
    let (name, host) = email.split_once('@').unwrap_or_default();
    // An address within a machine, as `admin@localhost`, or one that mail can go to.
    let is_right = email.len() <= EMAIL_MAX
        && !name.is_empty()
        && !host.is_empty()
        && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        && email.parse::<Address>().is_ok();
    (!is_right).then(|| FieldError::new("/email", "email", "must be an email address"))
}

/// What is wrong with a password, which stands at `pointer`.
pub(crate) fn password_fault(pointer: &'static str, password: &str) -> Option<FieldError> {
    (!PASSWORD.contains(&password.chars().count())).then(|| {
        let detail = format!(
            "must have {} to {} characters",
            PASSWORD.start(),
            PASSWORD.end()
        );
        FieldError::new(pointer, "length", detail)
    })
}

/// What came of a change to a person, as the API says it.
///
/// Errors: 404; 409 where the last one must stay, in these words.
pub(crate) fn outcome<T>(changed: PersonChanged<T>, last: &str) -> Result<T, ApiError> {
    match changed {
        PersonChanged::Done(done) => Ok(done),
        PersonChanged::NotFound => Err(ApiError::of(Slug::NotFound)),
        PersonChanged::LastOne => Err(ApiError::new(Slug::Conflict, last)),
    }
}
