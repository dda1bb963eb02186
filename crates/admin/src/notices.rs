//! Mails to a merchant's people about an endpoint that fails: before it is disabled, and after. Storage knows which are
//! due and which have gone out; a notice is taken before it is sent, so that of several processes one sends it. It is
//! sent again only where nobody could be told.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::{Clock as _, Micros};
use domain::delivery::Delivery;
use domain::endpoint::DisabledReason;
use domain::redaction::without_query;
use domain::tenancy::{OwnerScope, PlatformScope};
use futures::{StreamExt as _, stream};
use storage::notices::DueNotice;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::mail::{Letter, Undelivered};

/// Between two rounds.
const ROUND: Duration = Duration::from_mins(1);
/// Notices of one round; the others are due in the next.
const PER_ROUND: u64 = 100;
/// Notices under way at once: one whose mails are taken late holds up few others.
const AT_ONCE: usize = 8;
/// An endpoint fails for so long at least before anybody is warned: shorter ones are restarts and new versions of
/// receivers, and pass before the mail is read.
const WARNED_AFTER_MIN: Duration = Duration::from_hours(1);

/// What letters say of the settings.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// A failing endpoint is disabled after so long.
    disable_after: Duration,
    /// What waits for a disabled endpoint is skipped after so long.
    disabled_wait: Duration,
}

/// A letter without its address.
#[derive(Debug)]
struct Words {
    subject: String,
    text: String,
}

/// Mails what is due, round by round, until `stop`. `disable_after` is the workers'.
pub async fn run(app: Arc<App>, disable_after: Duration, stop: CancellationToken) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rounds.tick() => {}
        }
        if let Err(error) = step(&app, disable_after, &stop).await {
            tracing::warn!(%error, "notices.not_listed");
        }
    }
}

/// One round: how many notices were sent. After `stop` no mail is begun, and what is under way is given back.
///
/// Errors: the database cannot be reached.
pub async fn step(
    app: &App,
    disable_after: Duration,
    stop: &CancellationToken,
) -> Result<usize, storage::Error> {
    let terms = Terms {
        disable_after,
        disabled_wait: app.gateway.settings().disabled_wait,
    };
    let failing_before = app.storage.clock().now() - warned_after(disable_after);
    let due = app
        .storage
        .due_notices(PlatformScope::proven(), failing_before, PER_ROUND)
        .await?;
    let told = stream::iter(due)
        .map(|due| tell(app, due, terms, stop))
        .buffer_unordered(AT_ONCE)
        .fold(0_usize, |sum, told| async move { sum + usize::from(told) })
        .await;
    Ok(told)
}

/// How long an endpoint fails before its merchant is warned: half the time it has.
fn warned_after(disable_after: Duration) -> Duration {
    (disable_after / 2).max(WARNED_AFTER_MIN)
}

/// Sends a notice if it is still due and nobody else does; true when somebody was told.
async fn tell(app: &App, due: DueNotice, terms: Terms, stop: &CancellationToken) -> bool {
    let told = try_to_tell(app, &due, terms, stop).await;
    told.unwrap_or_else(|error| {
        tracing::warn!(%error, endpoint.id = %due.endpoint.id, "notice.failed");
        false
    })
}

async fn try_to_tell(
    app: &App,
    due: &DueNotice,
    terms: Terms,
    stop: &CancellationToken,
) -> Result<bool, storage::Error> {
    if stop.is_cancelled() || !is_still_due(app, due).await? {
        return Ok(false);
    }
    let (scope, id) = (PlatformScope::proven(), due.endpoint.id);
    let words = words_of(app, due, terms).await?;
    if !app
        .storage
        .claim_notice(scope, id, due.since, due.kind)
        .await?
    {
        return Ok(false);
    }
    let (mut told, mut failed) = (false, false);
    for to in &due.emails {
        let letter = Letter {
            to: to.clone(),
            subject: words.subject.clone(),
            text: words.text.clone(),
        };
        // Given up at the end of the process it may have arrived all the same: better twice than never.
        let sent = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Undelivered::Failed),
            sent = app.mail.deliver_now(letter) => sent,
        };
        told |= sent.is_ok();
        failed |= sent == Err(Undelivered::Failed);
    }
    // Where one of them was told the others get no second try, or that one would get a second mail. An address that takes
    // none would not take it in the next round either.
    if failed && !told {
        app.storage
            .withdraw_notice(scope, id, due.since, due.kind)
            .await?;
    }
    Ok(told)
}

/// A round takes long while the mail server is away: meanwhile the endpoint may work again.
async fn is_still_due(app: &App, due: &DueNotice) -> Result<bool, storage::Error> {
    let scope = PlatformScope::proven();
    let now = app.storage.any_endpoint(scope, due.endpoint.id).await?;
    let before = &due.endpoint;
    Ok(now.is_some_and(|now| {
        now.disabled == before.disabled && now.failing_since == before.failing_since
    }))
}

async fn words_of(app: &App, due: &DueNotice, terms: Terms) -> Result<Words, storage::Error> {
    let endpoint = &due.endpoint;
    let scope = OwnerScope::of(endpoint.owner);
    let newest = app.storage.last_deliveries(scope, &[endpoint.id]).await?;
    let outcome = newest.get(&endpoint.id).and_then(outcome_of);
    let link = format!(
        "{}/m/{}/endpoints/{}",
        app.mail.public_url(),
        due.merchant_id,
        endpoint.id
    );
    let now = app.storage.clock().now();
    Ok(words(due, outcome.as_deref(), terms, now, &link))
}

/// What came of a delivery, if that was no success.
fn outcome_of(delivery: &Delivery) -> Option<String> {
    match (delivery.last_outcome?, delivery.last_http_status) {
        (Outcome::Success, _) => None,
        (Outcome::HttpStatus | Outcome::Redirect, Some(status)) => {
            Some(format!("HTTP status {status}"))
        }
        (outcome, _) => Some(outcome.as_str().replace('_', " ")),
    }
}

fn words(due: &DueNotice, outcome: Option<&str>, terms: Terms, now: Micros, link: &str) -> Words {
    let (host, name) = (one_line(due.endpoint.host()), one_line(&due.merchant));
    let about = about(due, outcome);
    let foot = format!("You get this mail as an owner or a developer of {name} on Hookyard.\n");
    let Some((reason, at)) = due.endpoint.disabled else {
        let end = end_of(due.since, terms, now);
        return Words {
            subject: format!("Endpoint {host} of {name} fails and will be disabled"),
            text: format!(
                "Every delivery to an endpoint of {name} fails. {end} One that succeeds is enough to keep it on.\n\n\
                 {about}\n\
                 See what fails and why:\n{link}\n\n{foot}"
            ),
        };
    };
    let why = match reason {
        DisabledReason::Failing => "because every delivery to it has failed for too long",
        DisabledReason::Gone => "because it answered 410 Gone, which asks for no more",
        DisabledReason::Manual => "by hand",
    };
    let (at, until) = (
        at.rfc3339_seconds(),
        (at + terms.disabled_wait).rfc3339_seconds(),
    );
    Words {
        subject: format!("Endpoint {host} of {name} has been disabled"),
        text: format!(
            "An endpoint of {name} was switched off at {at}, {why}.\n\n\
             {about}\n\
             New events are skipped for it. What was waiting for it is kept until {until}, then it is skipped too.\n\n\
             When the receiver works, choose Enable on the endpoint's page. What is still kept is sent then, the oldest \
             first; what was skipped can be retried by hand.\n{link}\n\n{foot}"
        ),
    }
}

/// When an endpoint that has failed since `since` is switched off. That takes a failure: time alone does not.
fn end_of(since: Micros, terms: Terms, now: Micros) -> String {
    let end = since + terms.disable_after;
    if end <= now {
        return "The next attempt that fails switches it off.".to_owned();
    }
    let end = end.rfc3339_seconds();
    format!("If nothing changes, the first attempt that fails after {end} switches it off.")
}

/// Which endpoint it is about, a line for each thing to know.
fn about(due: &DueNotice, outcome: Option<&str>) -> String {
    let endpoint = &due.endpoint;
    let failing_since = endpoint.failing_since.map(Micros::rfc3339_seconds);
    [
        ("Endpoint", Some(one_line(&without_query(&endpoint.url)))),
        ("Description", Some(one_line(&endpoint.description))),
        ("Merchant", Some(one_line(&due.merchant))),
        ("Failing since", failing_since),
        ("Last outcome", outcome.map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(title, value)| Some((title, value.filter(|value| !value.is_empty())?)))
    .map(|(title, value)| format!("{title}: {value}\n"))
    .collect::<Vec<_>>()
    .concat()
}

/// What a user wrote, on one line: in a subject a second one would be a header of its own, in a text it could pass for ours.
fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use domain::dialect::Dialect;
    use domain::endpoint::{Endpoint, Owner};
    use domain::id::{EndpointId, MerchantId};
    use storage::notices::NoticeKind;
    use uuid::Uuid;

    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const TERMS: Terms = Terms {
        disable_after: Duration::from_hours(24 * 5),
        disabled_wait: Duration::from_hours(72),
    };
    /// 2026-05-07T10:00:00Z.
    const SINCE: Micros = Micros(1_778_148_000_000_000);

    fn due(disabled: Option<(DisabledReason, Micros)>) -> DueNotice {
        let merchant_id = MerchantId::from_uuid(Uuid::nil());
        let endpoint = Endpoint {
            id: EndpointId::from_uuid(Uuid::nil()),
            owner: Owner::Merchant(merchant_id),
            url: "https://hooks.shop.example:8443/in?token=hidden".to_owned(),
            dialect: Dialect::Standard,
            description: "orders\r\nBcc: all@shop.example".to_owned(),
            version: "1".to_owned(),
            headers: Vec::new(),
            rate_limit: None,
            timeout: None,
            schedule: None,
            batch: None,
            signed: true,
            disabled,
            event_types: Vec::new(),
            failing_since: Some(SINCE),
            created_at: SINCE,
            updated_at: SINCE,
        };
        DueNotice {
            kind: disabled.map_or(NoticeKind::Warning, |_| NoticeKind::Disabled),
            since: disabled.map_or(SINCE, |(_, at)| at),
            endpoint,
            merchant_id,
            merchant: "Blue\nDoor\u{7}".to_owned(),
            emails: vec!["owner@shop.example".to_owned()],
        }
    }

    fn said(due: &DueNotice, now: Micros) -> Words {
        words(due, Some("HTTP status 503"), TERMS, now, "https://here/")
    }

    #[test]
    fn a_merchant_is_warned_at_half_time_and_never_within_an_hour() {
        for (disable_after, warned) in [
            (5 * DAY, 5 * DAY / 2),
            (DAY / 12, DAY / 24),
            (DAY / 24, DAY / 24),
        ] {
            assert_eq!(warned_after(disable_after), warned, "{disable_after:?}");
        }
    }

    #[test]
    fn a_warning_says_which_endpoint_and_when_it_ends() {
        let said = said(&due(None), SINCE + 3 * DAY);
        assert_eq!(
            said.subject,
            "Endpoint hooks.shop.example of Blue Door fails and will be disabled"
        );
        assert_eq!(
            said.text,
            "Every delivery to an endpoint of Blue Door fails. If nothing changes, the first attempt that fails after \
             2026-05-12T10:00:00Z switches it off. One that succeeds is enough to keep it on.\n\n\
             Endpoint: https://hooks.shop.example:8443/in?****\n\
             Description: orders Bcc: all@shop.example\n\
             Merchant: Blue Door\n\
             Failing since: 2026-05-07T10:00:00Z\n\
             Last outcome: HTTP status 503\n\n\
             See what fails and why:\nhttps://here/\n\n\
             You get this mail as an owner or a developer of Blue Door on Hookyard.\n"
        );
    }

    #[test]
    fn a_late_warning_names_no_time_that_has_passed() {
        let said = said(&due(None), SINCE + 9 * DAY);
        assert!(
            said.text.contains("The next attempt that fails"),
            "{}",
            said.text
        );
    }

    #[test]
    fn the_news_says_why_and_what_becomes_of_what_waits() {
        for (reason, why) in [
            (DisabledReason::Failing, "has failed for too long."),
            (DisabledReason::Gone, "answered 410 Gone"),
        ] {
            let said = said(&due(Some((reason, SINCE + DAY))), SINCE + 2 * DAY);
            assert_eq!(
                said.subject,
                "Endpoint hooks.shop.example of Blue Door has been disabled"
            );
            for part in [
                why,
                "switched off at 2026-05-08T10:00:00Z",
                "kept until 2026-05-11T10:00:00Z",
            ] {
                assert!(said.text.contains(part), "{part}: {}", said.text);
            }
        }
    }
}
