//! A page for each outcome of an attempt: what it means, what usually causes it, what to do, and what follows.

mod texts;

use std::time::Duration;

use domain::attempt::Outcome;
use domain::dialect::{Dialect, DialectSettings};
use poem::error::NotFoundError;
use poem::web::Path;
use poem::{IntoResponse, handler};

use self::texts::{Words, words};
use super::page::{escaped, page};
use crate::text::Spelled as _;

/// What follows every failure.
const RETRIED: &str = "\
    <p>Yes. The next attempt follows by the endpoint’s <a href=\"/docs/outcomes#schedules\">schedule</a>, with the \
    same event id and the same payload. When the schedule is spent, the delivery is <code>failed</code> and nothing \
    more happens by itself. A test send, and a retry by hand of a finished delivery, are one attempt each: they are \
    not repeated.</p>\
    <p>Once the cause is mended, retry what has failed: in the dashboard, by <code>POST \
    /v1/merchants/{merchant_id}/deliveries/{delivery_id}/retry</code>, or many at once by <code>POST \
    /v1/merchants/{merchant_id}/retry-jobs</code>. For a delivery that waits, a retry by hand brings its next \
    attempt forward.</p>\
    <p>An endpoint that has only failed for 5 days is disabled. Events that come after that are skipped. Deliveries \
    that wait are kept for 72 hours more: they are sent when the endpoint is enabled, and skipped when it is not. \
    Operators may have set other times.</p>";

/// What some statuses ask for: status, what it usually says, what to do. HTML.
#[rustfmt::skip]
const STATUSES: [(&str, &str, &str); 12] = [
    ("201, 202, 204", "A success to every format but <code>flexype</code>.", "Let <code>flexype</code> endpoints answer exactly 200."),
    ("400, 422", "The body was refused.", "Log the reason at the receiver. Is it written for the endpoint’s <code>dialect</code> and <code>version</code>? Frameworks that protect forms refuse requests without their token (Rails answers 422): exempt this path."),
    ("401, 403", "The receiver does not know us.", "Give it the endpoint’s present secret, and check signatures over the bytes as they came, before JSON is parsed. A firewall, a bot filter or a login may stand before it, or a form token may be asked for (Django answers 403): exempt this path."),
    ("404", "There is nothing at this path.", "Compare the endpoint’s <code>url</code> with the routes of the receiver, letter by letter. Was the release with this route rolled out?"),
    ("405", "The path takes no POST.", "Let it take POST. Often it is the path of a page, or lacks or has a last slash."),
    ("408", "The receiver, or a proxy before it, did not wait for the whole request.", "Look for an overloaded machine and for short time limits of the proxy. To Hookyard this is a failure like others."),
    ("410", "The receiver says it is gone for good.", "<code>standard</code>: the endpoint is disabled at once, with <code>disabled_reason</code> <code>gone</code>; a test send does not do that. Change its <code>url</code> and enable it within 72 hours, then what waits is sent, this delivery too if it has a retry left; later it is skipped. Other endpoints of the merchant can hear of it by the event <code>endpoint.disabled</code>. Other formats: a failure like others, tried again."),
    ("413", "The body is too large for it.", "A payload may have 256 KiB. Raise the limit of the framework (<code>express.json()</code> has 100 KiB) and of the proxy (nginx: <code>client_max_body_size</code>). Where a <code>flashy</code> endpoint collects events, lower <code>batch.max_events</code>."),
    ("415", "It wants another content type.", "We send <code>application/json</code>, uncompressed. Let the receiver read that, not a form."),
    ("429", "It gets more than it takes.", "Set the endpoint’s <code>rate_limit</code>, in requests a second. <code>standard</code>: a <code>Retry-After</code> in whole seconds makes the next attempt wait so long, at most one hour; it never shortens the schedule, and a date is not read. Other formats do not hear it."),
    ("500", "The receiver failed.", "Look into its log at the time of the attempt. It may have seen the event before it failed: tell repeats by the event id."),
    ("502, 503, 504", "A proxy got no answer from the application behind it.", "Check that the application runs, and that it answers before the proxy gives up. <code>standard</code> hears a <code>Retry-After</code> of 503 as it does that of 429."),
];

/// All outcomes, and how the formats differ.
#[handler]
pub(super) fn index() -> impl IntoResponse {
    page("Outcomes of attempts", &index_body())
}

/// One outcome.
#[handler]
pub(super) fn one(Path(outcome): Path<String>) -> poem::Result<impl IntoResponse> {
    let found = Outcome::ALL
        .into_iter()
        .find(|known| known.as_str() == outcome);
    let outcome = found.ok_or(NotFoundError)?;
    Ok(page(words(outcome).title, &outcome_body(outcome)))
}

fn index_body() -> String {
    let rows = Outcome::ALL.map(|outcome| {
        let line = words(outcome).line;
        format!("<tr><td>{}</td><td>{line}</td></tr>", link(outcome))
    });
    format!(
        "<p>Every attempt in the log has an <code>outcome</code> of this closed list. Its <code>error</code> says in \
         words what went wrong; <code>timings</code>, <code>remote_ip</code> and the response show how far it came.</p>\
         <p>To see how far a call comes without sending an event, let the URL be checked: <code>POST \
         /v1/merchants/{{merchant_id}}/endpoint-checks</code> with <code>\"reach\": true</code>.</p>\
         <table><tr><th>Outcome</th><th></th></tr>{}</table>\
         <h2 id=\"schedules\">What is a success, and when it is tried again</h2>\
         <p>These are the defaults. Operators, and the endpoint’s <code>timeout</code> and <code>schedule</code>, may \
         set others. The time runs from the start of the attempt to the end of the response’s headers. Each delay \
         counts from the end of the attempt before; <code>standard</code> adds up to 20 % by chance.</p>{}",
        rows.concat(),
        dialects()
    )
}

fn outcome_body(outcome: Outcome) -> String {
    let Words {
        line,
        meaning,
        causes,
        remedies,
        commands,
        near,
        ..
    } = words(outcome);
    format!(
        "<p><code>{}</code>: {line}</p>\
         <h2>What it means</h2><p>{meaning}</p>{}\
         <h2>What usually causes it</h2>{}\
         <h2>What to do</h2>{}{}\
         <h2>Is it tried again?</h2>{}\
         <p>{}<a href=\"/docs/outcomes\">All outcomes</a></p>",
        outcome.as_str(),
        table(outcome),
        list(causes),
        list(remedies),
        example(commands),
        follows(outcome),
        neighbours(near),
    )
}

/// The table of an outcome that has one.
fn table(outcome: Outcome) -> String {
    match outcome {
        Outcome::Success => dialects(),
        Outcome::HttpStatus => statuses(),
        Outcome::Redirect
        | Outcome::BlockedAddress
        | Outcome::DnsError
        | Outcome::ConnectRefused
        | Outcome::ConnectTimeout
        | Outcome::TlsUntrusted
        | Outcome::TlsNameMismatch
        | Outcome::TlsExpired
        | Outcome::TlsProtocol
        | Outcome::TlsHandshake
        | Outcome::Timeout
        | Outcome::Reset
        | Outcome::InvalidResponse
        | Outcome::Unknown
        | Outcome::Cancelled => String::new(),
    }
}

/// What each format takes for a success, how long it waits, and when it tries again, as the code has it.
fn dialects() -> String {
    let settings = DialectSettings::default();
    let rows = Dialect::ALL.map(|dialect| {
        let rules = settings.rules(dialect);
        format!(
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            dialect.as_str(),
            acknowledging(dialect),
            rules.timeout.spell(),
            spelled(&rules.schedule)
        )
    });
    let rows = rows.concat();
    format!(
        "<table><tr><th>Format</th><th>Success</th><th>Within</th><th>Tried again after</th></tr>{rows}</table>"
    )
}

/// The statuses that acknowledge: one, or from one to another.
fn acknowledging(dialect: Dialect) -> String {
    let format = dialect.format();
    let mut accepted = (100..600).filter(|status| format.acknowledges(*status));
    match (accepted.next(), accepted.next_back()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        (Some(only), None) => format!("exactly {only}"),
        (None, _) => String::new(),
    }
}

/// Delays one after another; equal ones in a row are counted.
fn spelled(schedule: &[Duration]) -> String {
    let runs = schedule.chunk_by(|first, second| first == second);
    let words = runs.filter_map(|run| {
        let delay = run.first()?.spell();
        Some(match run.len() {
            1 => delay.into_owned(),
            count => format!("{count} times {delay}"),
        })
    });
    words.collect::<Vec<_>>().join(", ")
}

fn statuses() -> String {
    let rows = STATUSES.map(|(status, says, remedy)| {
        format!("<tr><td>{status}</td><td>{says}</td><td>{remedy}</td></tr>")
    });
    let rows = rows.concat();
    format!("<table><tr><th>Status</th><th>What it says</th><th>What to do</th></tr>{rows}</table>")
}

fn list(items: &[&str]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("<li>{item}</li>"))
        .collect();
    format!("<ul>{}</ul>", items.concat())
}

/// Commands to copy, where there are any.
fn example(commands: &str) -> String {
    if commands.is_empty() {
        return String::new();
    }
    let commands = escaped(commands);
    format!("<p>See for yourself, with your own host and path:</p><pre>{commands}</pre>")
}

/// What comes after such an attempt.
fn follows(outcome: Outcome) -> String {
    let Words { retried, next, .. } = words(outcome);
    let next = if next.is_empty() {
        String::new()
    } else {
        format!("<p>{next}</p>")
    };
    let always = if *retried { RETRIED } else { "" };
    format!("{always}{next}")
}

fn neighbours(near: &[Outcome]) -> String {
    if near.is_empty() {
        return String::new();
    }
    let links: Vec<String> = near.iter().map(|outcome| link(*outcome)).collect();
    format!("See also {}. ", links.join(", "))
}

fn link(outcome: Outcome) -> String {
    let name = outcome.as_str();
    format!("<a href=\"/docs/outcomes/{name}\"><code>{name}</code></a>")
}

#[cfg(test)]
mod tests {
    use domain::attempt::{RESPONSE_KEEP_CAP, Trigger};
    use domain::clock::Micros;
    use domain::delivery::{Ended, Next, after};
    use domain::retry::{RETRY_AFTER_MAX, RetryPolicy};
    use poem::http::StatusCode;
    use poem::{Endpoint as _, Request, Route};

    use super::*;

    #[test]
    fn every_outcome_has_its_page_and_the_index_leads_to_it() {
        let list = index_body();
        for outcome in Outcome::ALL {
            let name = outcome.as_str();
            assert!(list.contains(&link(outcome)), "{name}");
            let words = words(outcome);
            assert!(words.line.len() > 15 && words.meaning.len() > 60, "{name}");
            assert!(
                !words.causes.is_empty() && !words.remedies.is_empty(),
                "{name}"
            );
            assert!(!follows(outcome).is_empty(), "{name}");
            assert!(!words.near.contains(&outcome), "{name}");
            let page = outcome_body(outcome);
            assert!(
                page.len() > 600 && page.contains("href=\"/docs/outcomes\""),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn a_known_name_is_200_and_an_unknown_one_404() {
        let route = Route::new().at("/docs/outcomes/:outcome", poem::get(one));
        for (name, status) in [
            ("timeout", StatusCode::OK),
            ("Timeout", StatusCode::NOT_FOUND),
            ("nothing", StatusCode::NOT_FOUND),
        ] {
            let uri = format!("/docs/outcomes/{name}");
            let request = Request::builder().uri_str(uri).finish();
            assert_eq!(route.get_response(request).await.status(), status, "{name}");
        }
    }

    #[test]
    fn what_is_said_to_be_retried_is_retried() {
        let policy = RetryPolicy {
            schedule: vec![Duration::from_mins(1)],
            jitter: false,
            hears_retry_after: false,
        };
        // No attempt ends as cancelled.
        for outcome in Outcome::ALL
            .into_iter()
            .filter(|outcome| *outcome != Outcome::Cancelled)
        {
            let ended = Ended {
                outcome,
                number: 1,
                trigger: Trigger::Schedule,
                at: Micros(0),
                retry_after: None,
                chance: 0.0,
            };
            let retried = matches!(after(ended, &policy), Next::Retry(_));
            assert_eq!(words(outcome).retried, retried, "{}", outcome.as_str());
        }
    }

    #[test]
    fn the_table_says_what_each_format_takes_for_a_success() {
        let all = Dialect::ALL.map(acknowledging);
        assert_eq!(
            all,
            ["200 to 299", "exactly 200", "200 to 299", "200 to 299"]
        );
        let carthook = &DialectSettings::default().carthook.schedule;
        assert_eq!(spelled(carthook), "1m, 5m, 15m, 23 times 1h");
    }

    #[test]
    fn numbers_in_the_texts_are_those_of_the_code() {
        assert_eq!(RETRY_AFTER_MAX, Duration::from_hours(1));
        assert!(statuses().contains("at most one hour"));
        assert_eq!(RESPONSE_KEEP_CAP, 16 * 1024);
        assert!(outcome_body(Outcome::Success).contains("16 KiB"));
    }
}
