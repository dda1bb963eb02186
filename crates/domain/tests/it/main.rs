//! The rules of triggers at work: whole visits in virtual time, and random ones against a model of the contract.

mod model;
mod property;
mod scene;
mod triggers;
