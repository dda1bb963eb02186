//! How large the tests are that can be small or large: small with all others, at full size when asked.

/// Whether the full size is asked for: `HOOKYARD_RESILIENCE=full`, as `make resilience` says.
pub fn is_full() -> bool {
    std::env::var("HOOKYARD_RESILIENCE").is_ok_and(|size| size == "full")
}
