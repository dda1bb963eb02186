//! Mails about an endpoint that fails: before it is disabled, and after.

use std::sync::Arc;
use std::time::Duration;

use admin::notices;
use domain::clock::{Clock as _, Micros};
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::EndpointId;
use domain::tenancy::TenantScope;
use serde_json::json;
use storage::users::MerchantRole::{Developer, Owner, Viewer};
use testkit::mailbox::{Letter, Mailbox};
use tokio_util::sync::CancellationToken;

use crate::running::Running;

const DAY: Duration = Duration::from_hours(24);
const DISABLE_AFTER: Duration = Duration::from_hours(24 * 5);

/// Runs each case on both databases.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let mut mailbox = super::Mailbox::start().await;
                let running = super::Running::start_mailing(&mailbox).await;
                super::$case(&running, &mut mailbox).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let mut mailbox = super::Mailbox::start().await;
                let running = super::Running::start_mailing_on_postgres(&mailbox).await;
                super::$case(&running, &mut mailbox).await;
            })*
        }
    };
}

on_both! {
    a_warning_is_mailed_once_at_half_time,
    an_endpoint_that_works_again_is_not_warned_of_until_it_fails_anew,
    a_disabled_endpoint_is_told_of_once,
    old_news_and_what_people_did_themselves_are_not_told,
    a_merchant_that_is_suspended_or_has_nobody_is_told_later,
    of_two_processes_one_sends,
    what_the_mail_server_does_not_take_is_tried_again,
    the_loop_sends_and_ends_with_the_process,
}

/// A merchant with an endpoint.
struct Shop {
    id: String,
    scope: TenantScope,
    endpoint: EndpointId,
}

impl Shop {
    async fn of(running: &Running, admin: &str) -> Self {
        let id = running.merchant(admin).await;
        let body = json!({
            "url": "https://hooks.shop.example/in?token=hidden",
            "dialect": "flexype",
            "description": "orders",
            "event_types": ["NEW_CUSTOMER"],
        });
        let path = format!("/v1/merchants/{id}/endpoints");
        let made = running.post(&path, admin, &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        Self {
            scope: TenantScope::of(id.parse().unwrap()),
            endpoint: made.json()["id"].as_str().unwrap().parse().unwrap(),
            id,
        }
    }

    /// Says since when the endpoint has failed, and that.
    async fn fails_for(&self, running: &Running, span: Duration) -> Micros {
        let since = running.app.storage.clock().now() - span;
        self.fails_since(running, Some(since)).await;
        since
    }

    async fn fails_since(&self, running: &Running, since: Option<Micros>) {
        let storage = &running.app.storage;
        storage
            .set_failing_since(self.scope, self.endpoint, since)
            .await
            .unwrap();
    }

    /// Disables the endpoint; when.
    async fn disable(&self, running: &Running, reason: DisabledReason) -> Micros {
        let gateway = &running.app.gateway;
        let disabled = gateway.disable_failing(self.scope, self.endpoint, reason);
        disabled.await.unwrap().unwrap().disabled.unwrap().1
    }
}

/// A shop with an owner.
async fn owned(running: &Running) -> Shop {
    let admin = running.admin().await;
    let shop = Shop::of(running, &admin).await;
    running
        .add_user("owner@a.example", None, &[(&shop.id, Owner)])
        .await;
    shop
}

/// One round.
async fn step(running: &Running) -> usize {
    notices::step(&running.app, DISABLE_AFTER, &CancellationToken::new())
        .await
        .unwrap()
}

/// The mails that have come, so many and no more, in order of who gets them.
async fn letters(mailbox: &mut Mailbox, count: usize) -> Vec<Letter> {
    let mut letters = Vec::new();
    for _ in 0..count {
        letters.push(mailbox.next().await);
    }
    assert!(mailbox.is_empty());
    letters.sort_by(|one, other| one.to.cmp(&other.to));
    letters
}

#[track_caller]
fn assert_says(letter: &Letter, parts: &[&str]) {
    for part in parts {
        assert!(letter.text.contains(part), "{part}: {}", letter.text);
    }
}

async fn a_warning_is_mailed_once_at_half_time(running: &Running, mailbox: &mut Mailbox) {
    let admin = running.admin().await;
    let (shop, other) = (
        Shop::of(running, &admin).await,
        Shop::of(running, &admin).await,
    );
    for (email, role) in [
        ("owner@a.example", Owner),
        ("dev@a.example", Developer),
        ("viewer@a.example", Viewer),
    ] {
        running.add_user(email, None, &[(&shop.id, role)]).await;
    }
    running
        .add_user("somebody@b.example", None, &[(&other.id, Owner)])
        .await;
    assert_eq!(step(running).await, 0, "nothing fails");
    shop.fails_for(running, 2 * DAY).await;
    assert_eq!(step(running).await, 0, "it is not half time");
    let since = shop.fails_for(running, 3 * DAY).await;
    assert_eq!(step(running).await, 1);
    let letters = letters(mailbox, 2).await;
    let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["dev@a.example", "owner@a.example"]);
    let end = (since + DISABLE_AFTER).rfc3339_seconds();
    let link = format!(
        "https://hooks.example.com/m/{}/endpoints/{}",
        shop.id, shop.endpoint
    );
    for letter in &letters {
        assert_says(
            letter,
            &[
                "an endpoint of My Store fails",
                "Endpoint: https://hooks.shop.example/in?****",
                "Description: orders",
                &format!("Failing since: {}", since.rfc3339_seconds()),
                &format!("fails after {end} switches it off"),
                &link,
            ],
        );
        assert!(!letter.text.contains("hidden"), "{}", letter.text);
    }
    assert_eq!(step(running).await, 0, "once");
    assert!(mailbox.is_empty());
}

async fn an_endpoint_that_works_again_is_not_warned_of_until_it_fails_anew(
    running: &Running,
    mailbox: &mut Mailbox,
) {
    let shop = owned(running).await;
    shop.fails_for(running, 3 * DAY).await;
    shop.fails_since(running, None).await;
    assert_eq!(step(running).await, 0);
    for _ in 0..2 {
        shop.fails_for(running, 3 * DAY).await;
        assert_eq!(step(running).await, 1);
        letters(mailbox, 1).await;
        shop.fails_since(running, None).await;
        assert_eq!(step(running).await, 0);
    }
    assert!(mailbox.is_empty());
}

async fn a_disabled_endpoint_is_told_of_once(running: &Running, mailbox: &mut Mailbox) {
    let shop = owned(running).await;
    shop.fails_for(running, 5 * DAY).await;
    let at = shop.disable(running, DisabledReason::Failing).await;
    assert_eq!(step(running).await, 1, "no warning any more");
    let letter = letters(mailbox, 1).await.remove(0);
    assert_eq!(letter.to, "owner@a.example");
    let kept = (at + Duration::from_hours(72)).rfc3339_seconds();
    assert_says(
        &letter,
        &[
            &format!("was switched off at {}", at.rfc3339_seconds()),
            "has failed for too long",
            &format!("is kept until {kept}"),
            &format!("/m/{}/endpoints/{}", shop.id, shop.endpoint),
        ],
    );
    // A success that comes late does not make it another failure.
    shop.fails_since(running, None).await;
    assert_eq!(step(running).await, 0, "once");
    let gateway = &running.app.gateway;
    let enabled = gateway.enable_endpoint(shop.scope, shop.endpoint).await;
    assert!(enabled.unwrap().enabled());
    assert_eq!(step(running).await, 0);
    shop.disable(running, DisabledReason::Gone).await;
    assert_eq!(step(running).await, 1);
    let letter = letters(mailbox, 1).await.remove(0);
    assert_says(&letter, &["answered 410 Gone"]);
}

async fn old_news_and_what_people_did_themselves_are_not_told(
    running: &Running,
    mailbox: &mut Mailbox,
) {
    let shop = owned(running).await;
    shop.fails_for(running, 5 * DAY).await;
    let long_ago = running.app.storage.clock().now() - 2 * DAY;
    for disabled in [
        (DisabledReason::Failing, long_ago),
        (DisabledReason::Manual, running.app.storage.clock().now()),
    ] {
        let disable = move |endpoint: &mut Endpoint| endpoint.disabled = Some(disabled);
        let storage = &running.app.storage;
        storage
            .update_endpoint(shop.scope, shop.endpoint, disable)
            .await
            .unwrap();
        assert_eq!(step(running).await, 0, "{disabled:?}");
    }
    assert!(mailbox.is_empty());
}

async fn a_merchant_that_is_suspended_or_has_nobody_is_told_later(
    running: &Running,
    mailbox: &mut Mailbox,
) {
    let admin = running.admin().await;
    let shop = Shop::of(running, &admin).await;
    shop.fails_for(running, 3 * DAY).await;
    assert_eq!(step(running).await, 0, "nobody is there");
    running
        .add_user("owner@a.example", None, &[(&shop.id, Owner)])
        .await;
    let path = format!("/v1/merchants/{}", shop.id);
    for (suspended, told) in [(true, 0), (false, 1)] {
        let body = json!({ "suspended": suspended });
        let changed = running.patch(&path, &admin, &body).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!(step(running).await, told, "suspended: {suspended}");
    }
    letters(mailbox, 1).await;
}

async fn of_two_processes_one_sends(running: &Running, mailbox: &mut Mailbox) {
    let shop = owned(running).await;
    shop.fails_for(running, 3 * DAY).await;
    let (one, other) = tokio::join!(step(running), step(running));
    assert_eq!(one + other, 1);
    letters(mailbox, 1).await;
}

async fn what_the_mail_server_does_not_take_is_tried_again(
    running: &Running,
    mailbox: &mut Mailbox,
) {
    let shop = owned(running).await;
    shop.fails_for(running, 3 * DAY).await;
    mailbox.refuse("530 log in first");
    assert_eq!(step(running).await, 0);
    // Nor does a process that ends keep it.
    let ended = CancellationToken::new();
    ended.cancel();
    let told = notices::step(&running.app, DISABLE_AFTER, &ended).await;
    assert_eq!(told.unwrap(), 0);
    assert_eq!(step(running).await, 1);
    letters(mailbox, 1).await;
    // An address that takes nothing would not take it in a minute.
    shop.disable(running, DisabledReason::Failing).await;
    mailbox.refuse("550 nobody here");
    assert_eq!(step(running).await, 0);
    assert_eq!(step(running).await, 0);
    assert!(mailbox.is_empty());
}

async fn the_loop_sends_and_ends_with_the_process(running: &Running, mailbox: &mut Mailbox) {
    let shop = owned(running).await;
    shop.fails_for(running, 3 * DAY).await;
    let ending = CancellationToken::new();
    let rounds = notices::run(Arc::clone(&running.app), DISABLE_AFTER, ending.clone());
    let rounds = tokio::spawn(rounds);
    assert_eq!(mailbox.next().await.to, "owner@a.example");
    ending.cancel();
    rounds.await.unwrap();
}
