//! What Hookyard itself tells merchants of.

use super::BuiltIn;

/// In order of name.
pub(super) const ENTRIES: [BuiltIn; 1] = [BuiltIn {
    name: "endpoint.disabled",
    description: "Hookyard disabled one of the merchant's endpoints.",
    fires_when: "After days of nothing but failures, or at once on 410.",
    schema: include_str!("schemas/standard/endpoint_disabled.json"),
    example: include_str!("examples/standard/endpoint_disabled.json"),
}];
