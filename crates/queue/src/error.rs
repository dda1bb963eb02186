//! What can be wrong with a queue before it runs. Once it runs it cannot fail, only be down.

/// A queue could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The Redis URL cannot be used: unknown scheme, bad port, or TLS that cannot be set up.
    /// Its message never holds the URL, which may carry a password.
    #[error("the Redis URL cannot be used: {0}")]
    InvalidUrl(#[source] redis::RedisError),
}
