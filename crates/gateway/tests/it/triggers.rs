//! Activities and timers on both databases, in virtual time: what fires, when, and that it fires once.

mod busy;
mod cuts;
mod downtime;
mod orders;
mod races;
mod replay;
mod shop;
mod story;
mod together;
