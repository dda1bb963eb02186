//! A page for each problem: what it means, what to do, and how it looks. `type` of every problem leads here.

use domain::error::FieldError;
use poem::error::NotFoundError;
use poem::web::Path;
use poem::{IntoResponse, handler};

use super::page::{escaped, page};
use crate::problem::{ApiError, Problem, Slug};

/// All problems, by status.
#[handler]
pub(super) fn index() -> impl IntoResponse {
    let rows = Slug::ALL.map(|slug| {
        let (name, status, title, _) = slug.row();
        format!(
            "<tr><td>{status}</td><td><a href=\"/docs/problems/{name}\"><code>{name}</code></a></td>\
             <td>{title}</td></tr>"
        )
    });
    let rows = rows.concat();
    page(
        "Problems",
        &format!(
            "<p>Every error is <code>application/problem+json</code>, as RFC 9457 has it. Switch on the last segment of \
             <code>type</code>: this list is closed, texts may change. <code>errors</code> names every wrong field \
             by a JSON pointer, and a wrong parameter by its name.</p>\
             <table><tr><th>Status</th><th>Problem</th><th></th></tr>{rows}</table>"
        ),
    )
}

/// One problem.
#[handler]
pub(super) fn one(Path(slug): Path<String>) -> poem::Result<impl IntoResponse> {
    let found = Slug::ALL.into_iter().find(|known| known.row().0 == slug);
    let slug = found.ok_or(NotFoundError)?;
    let (name, status, title, remedy) = slug.row();
    let example = escaped(&example(slug));
    let body = format!(
        "<p><code>{name}</code>, status {status}</p>\
         <h2>What it means</h2><p>{}</p>\
         <h2>What to do</h2><p>{remedy}</p>\
         <h2>How it looks</h2><pre>{example}</pre>\
         <p><a href=\"/docs/problems\">All problems</a></p>",
        meaning(slug)
    );
    Ok(page(title, &body))
}

/// The body of such a problem.
fn example(slug: Slug) -> String {
    let error = match fields(slug) {
        fields if fields.is_empty() => ApiError::of(slug),
        fields => ApiError::fields(slug, fields),
    };
    serde_json::to_string_pretty(&Problem::new(&error, "req_5f0c2a1b00000001")).unwrap_or_default()
}

/// Fields that such a problem may name.
fn fields(slug: Slug) -> Vec<FieldError> {
    let field = FieldError::new;
    match slug {
        Slug::InvalidParameter => vec![field(
            "stauts",
            "parameter",
            "unknown parameter: did you mean `status`?",
        )],
        Slug::ValidationFailed => vec![
            field("/name", "required", "must be given"),
            field(
                "/store/curency",
                "unknown_field",
                "there is no such field: did you mean `currency`?",
            ),
        ],
        Slug::InvalidEndpointUrl => {
            vec![field("/url", "scheme", "must begin with https://")]
        }
        Slug::InvalidHeader => vec![field(
            "/headers/Host",
            "reserved_header",
            "this header is set by Hookyard and may not be overridden",
        )],
        _ => Vec::new(),
    }
}

/// What a problem means, beyond its title.
#[rustfmt::skip]
const fn meaning(slug: Slug) -> &'static str {
    match slug {
        Slug::MalformedRequest => "The request broke off, said by `Content-Length` and by `Transfer-Encoding` how long it is, or its body is no JSON: a syntax error, bytes that are no UTF-8, half of a surrogate pair, a key that comes twice, nesting beyond 64 levels. Parsers disagree on some of these, so none of them is guessed at.",
        Slug::InvalidParameter => "A parameter of the query or a header is unknown or has a wrong value. Unknown ones are refused because a misspelt filter would otherwise show everything.",
        Slug::InvalidCursor => "A cursor is good for the list and the filters that it came from, and for nothing else.",
        Slug::InvalidIdempotencyKey => "The header <code>Idempotency-Key</code> is empty, too long, or has characters that are no visible ASCII.",
        Slug::Unauthenticated => "There is no credential, or it is wrong, expired, revoked or of the wrong kind. A wrong email and a wrong password look the same.",
        Slug::Forbidden => "You are known, and what you ask for is yours, but your role or the scopes of your API key do not reach that far. What is not yours is <code>not-found</code> instead.",
        Slug::TenantSuspended => "The merchant is suspended: its events are refused and its deliveries wait.",
        Slug::NotFound => "The path leads nowhere, or there is nothing of that id, or it belongs to somebody else: these look the same on purpose.",
        Slug::MethodNotAllowed => "The path exists and does not have this method.",
        Slug::RequestTimeout => "The body did not come in within the time for it, 30 seconds unless the operators say otherwise. The connection is closed.",
        Slug::Conflict => "Something stands in the way of it: a thing of that name exists, an attempt is in flight, an app is still installed, an <code>event_id</code> was published with another payload. <code>detail</code> says which.",
        Slug::LimitReached => "You have as many of these as you may. <code>detail</code> says how many.",
        Slug::IdempotencyInProgress => "Another request with this <code>Idempotency-Key</code> has begun and has not ended.",
        Slug::PayloadTooLarge => "A payload may have 256 KiB, a batch 16 MiB, any other body 1 MiB. The rest of the body is not read and the connection is closed.",
        Slug::UriTooLong => "Path and query together may have 8 KiB.",
        Slug::UnsupportedMediaType => "Bodies are JSON in UTF-8, uncompressed; changes may also be <code>application/merge-patch+json</code>.",
        Slug::ValidationFailed => "The body is JSON and some of its fields are missing, unknown, of the wrong type or out of bounds. All of them are named, up to a hundred; what rules say beyond form is looked at once the form is right.",
        Slug::InvalidEndpointUrl => "The URL is no public https URL: the <code>code</code> of <code>/url</code> says what is wrong with it. Other wrong fields are named with it.",
        Slug::InvalidHeader => "A custom header, or a secret that is sent as one, could not be sent or would replace one of ours. Other wrong fields are named with it.",
        Slug::IdempotencyKeyReused => "The <code>Idempotency-Key</code> came with another body before, so this cannot be a repeat of that request.",
        Slug::QuotaExceeded => "A quota is used up: requests of this credential or about this merchant (the headers <code>RateLimit</code> and <code>RateLimit-Policy</code> tell of those), wrong passwords of this account, wrong credentials from this address, test sends to this endpoint.",
        Slug::HeadersTooLarge => "A request may have 64 header lines of 32 KiB together, and a credential of 8 KiB.",
        Slug::Internal => "A fault of ours. What it was is in the log, under the <code>request_id</code>.",
        Slug::TemporaryReducedCapacity => "More work waits than there is room for, so this was not even begun.",
        Slug::DependencyUnavailable => "The database cannot be reached or is too busy. Whether a change was made may be unknown: repeat it with its <code>Idempotency-Key</code> or <code>event_id</code>.",
        Slug::StorageFull => "The database takes nothing in until there is room again. Nothing was stored.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_problem_of_its_page() {
        for slug in Slug::ALL {
            let example: serde_json::Value = serde_json::from_str(&example(slug)).unwrap();
            let (name, status, ..) = slug.row();
            assert_eq!(example["type"], format!("/docs/problems/{name}"));
            assert_eq!(example["status"], status);
            assert!(meaning(slug).len() > 30, "{name}");
        }
    }
}
