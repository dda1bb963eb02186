//! What shoppers do, and which events come of it.

mod checkout;
mod flashy;
mod funnel;
mod identity;
mod late;
mod order;
mod purchase;
mod retention;
mod session;
mod succession;
mod tables;
mod views;
