//! The payloads that triggers assemble from activities, one file per dialect. Each is one JSON object with its
//! keys in the order the platform prints them; ids and amounts keep the digits the source gave.
//!
//! Nothing here can fail: what is unknown, or stored in a shape that was never accepted, is null, an empty list or
//! what the function says.

pub mod carthook;
pub mod flashy;
pub mod flexype;
mod json;
#[cfg(test)]
pub(crate) mod samples;
