//! Event types: what may be published and subscribed to. Built-in ones live here; platforms add their own.
//!
//! A built-in entry has a JSON Schema (draft 2020-12) in `catalog/schemas` and an example, the vendor's own sample,
//! in `catalog/examples`. Schemas leave extra properties allowed. To add an entry: the two files, and its words in
//! the file of its dialect.

mod carthook;
mod flashy;
mod flexype;
mod standard;

use crate::dialect::Dialect;

/// The dialect of JSON Schema that every schema of the catalogue is written in.
pub const SCHEMA_DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// Its name on the wire.
    pub name: String,
    /// The dialect whose endpoints may subscribe to it; `standard` endpoints may subscribe to any.
    pub dialect: Dialect,
    /// What it means.
    pub description: String,
    /// When it fires.
    pub fires_when: String,
    /// JSON Schema of the payload, when there is one.
    pub schema: Option<String>,
    /// An example payload: what a test send sends.
    pub example: String,
    /// Whether it ships with the product.
    pub built_in: bool,
}

/// The example of a custom type that came without one.
pub const PLAIN_EXAMPLE: &str = "{}";

/// An entry as the source spells it.
struct BuiltIn {
    name: &'static str,
    description: &'static str,
    fires_when: &'static str,
    schema: &'static str,
    example: &'static str,
}

impl BuiltIn {
    fn entry(&self, dialect: Dialect) -> EventType {
        EventType {
            name: self.name.to_owned(),
            dialect,
            description: self.description.to_owned(),
            fires_when: self.fires_when.to_owned(),
            schema: Some(self.schema.trim_end().to_owned()),
            example: self.example.trim_end().to_owned(),
            built_in: true,
        }
    }
}

const fn entries(dialect: Dialect) -> &'static [BuiltIn] {
    match dialect {
        Dialect::Standard => &standard::ENTRIES,
        Dialect::Flexype => &flexype::ENTRIES,
        Dialect::Flashy => &flashy::ENTRIES,
        Dialect::Carthook => &carthook::ENTRIES,
    }
}

/// The event types that ship with the product.
pub fn built_in() -> Vec<EventType> {
    let of = |dialect| {
        entries(dialect)
            .iter()
            .map(move |entry| entry.entry(dialect))
    };
    Dialect::ALL.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests;
