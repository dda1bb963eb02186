//! Causes, never status codes: what was wrong with what a caller gave.

use std::fmt;

/// One bad field: where it is, which rule it breaks, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON pointer into the caller's body, such as `/url`.
    pub pointer: String,
    /// A short word that programs may switch on.
    pub code: &'static str,
    /// What would be right, for people.
    pub detail: String,
}

impl FieldError {
    /// A bad field at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}
