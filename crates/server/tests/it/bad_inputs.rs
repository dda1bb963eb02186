//! Bad input of every kind, sent to the running product in both modes.
//!
//! `crates/testkit/fixtures/bad_inputs.json` is the list of what others have been hit by; [`corpus`] holds this
//! suite to it: an entry without an answer here fails, and so does an answer without an entry. The files are named
//! for what they attack. `attacks.rs` and those below it go on where the list ends.

mod abuse;
mod attacks;
mod corpus;
mod cursors;
mod forge;
mod headers;
mod json;
mod logs;
mod numbers;
mod paths;
mod people;
mod queries;
mod scene;
mod server_fields;
mod tenants;
mod texts;
mod tokens;
mod wire;

use testkit::server::Mode;

use self::corpus::{Entry, play};
use crate::e2e::in_both_modes;

in_both_modes! {
    abuse_of_the_connection_or_of_a_limit_meets_its_expectation,
    a_bad_cursor_or_filter_meets_its_expectation,
    a_guess_at_who_is_there_meets_its_expectation,
    a_bad_header_of_an_endpoint_meets_its_expectation,
    bad_json_meets_its_expectation,
    what_ends_up_in_logs_meets_its_expectation,
    a_field_that_is_not_the_callers_meets_its_expectation,
    a_bad_path_meets_its_expectation,
    a_bad_search_meets_its_expectation,
    a_foreign_tenant_meets_its_expectation,
    a_bad_token_meets_its_expectation,
    text_that_is_a_program_elsewhere_meets_its_expectation,
}

/// The answer to each entry of the list.
fn answers() -> Vec<Entry> {
    let parts: [fn() -> Vec<Entry>; 13] = [
        headers::entries,
        json::entries,
        numbers::entries,
        paths::entries,
        tenants::entries,
        tokens::entries,
        people::entries,
        server_fields::entries,
        cursors::entries,
        queries::entries,
        texts::entries,
        logs::entries,
        abuse::entries,
    ];
    parts.iter().flat_map(|part| part()).collect()
}

#[test]
fn every_entry_of_the_list_has_exactly_one_answer() {
    corpus::check(&answers());
}

async fn abuse_of_the_connection_or_of_a_limit_meets_its_expectation(mode: Mode) {
    play(mode, "A", abuse::entries()).await;
}

async fn a_bad_cursor_or_filter_meets_its_expectation(mode: Mode) {
    play(mode, "C", cursors::entries()).await;
}

async fn a_guess_at_who_is_there_meets_its_expectation(mode: Mode) {
    play(mode, "E", people::entries()).await;
}

async fn a_bad_header_of_an_endpoint_meets_its_expectation(mode: Mode) {
    play(mode, "H", headers::entries()).await;
}

async fn bad_json_meets_its_expectation(mode: Mode) {
    let all = json::entries().into_iter().chain(numbers::entries());
    play(mode, "J", all.collect()).await;
}

async fn what_ends_up_in_logs_meets_its_expectation(mode: Mode) {
    play(mode, "L", logs::entries()).await;
}

async fn a_field_that_is_not_the_callers_meets_its_expectation(mode: Mode) {
    play(mode, "M", server_fields::entries()).await;
}

async fn a_bad_path_meets_its_expectation(mode: Mode) {
    play(mode, "P", paths::entries()).await;
}

async fn a_bad_search_meets_its_expectation(mode: Mode) {
    play(mode, "Q", queries::entries()).await;
}

async fn a_foreign_tenant_meets_its_expectation(mode: Mode) {
    play(mode, "T", tenants::entries()).await;
}

async fn a_bad_token_meets_its_expectation(mode: Mode) {
    play(mode, "W", tokens::entries()).await;
}

async fn text_that_is_a_program_elsewhere_meets_its_expectation(mode: Mode) {
    play(mode, "X", texts::entries()).await;
}
