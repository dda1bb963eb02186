//! Endpoints and their secrets.

use std::time::Duration;

use domain::clock::Clock as _;
use domain::dialect::Dialect;
use domain::endpoint::DisabledReason;
use gateway::Error;
use gateway::endpoints::{EndpointPatch, NewEndpoint};
use gateway::secrets::RotateSecret;
use gateway::test_send::TestSend;
use storage::jobs::While;
use testkit::receiver::{Behaviour, Receiver};

use crate::world::{World, endpoint, event, settings};

on_both!(
    rotated_secrets_are_revealed_with_their_overlap,
    the_limit_of_endpoints_is_told,
    another_dialects_type_is_refused,
    what_waited_comes_back_when_the_endpoint_is_enabled,
    deleting_an_endpoint_cancels_what_waits,
    a_test_send_is_answered_and_logged,
    a_failing_endpoint_is_disabled_once,
    an_endpoint_of_the_standard_dialect_stays_signed,
);

async fn a_failing_endpoint_is_disabled_once(world: World) {
    let scope = world.merchant().await;
    let id = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let disable = || {
        world
            .gateway
            .disable_failing(scope, id, DisabledReason::Failing)
    };
    let (one, other) = tokio::join!(disable(), disable());
    let told = [one.unwrap(), other.unwrap()];
    assert_eq!(told.iter().flatten().count(), 1, "{told:?}");
    assert_eq!(disable().await.unwrap(), None);
}

async fn an_endpoint_of_the_standard_dialect_stays_signed(world: World) {
    let scope = world.merchant().await;
    for (dialect, signed) in [(Dialect::Standard, true), (Dialect::Flexype, false)] {
        let new = NewEndpoint {
            dialect,
            ..endpoint("https://shop.example", &["PRODUCT_VIEWED"])
        };
        let made = world.gateway.create_endpoint(scope, new).await.unwrap();
        let patch = EndpointPatch {
            signed: Some(false),
            ..EndpointPatch::default()
        };
        let changed = world
            .gateway
            .update_endpoint(scope, made.endpoint.id, patch)
            .await;
        assert_eq!(changed.unwrap().signed, signed, "{dialect:?}");
    }
}

async fn rotated_secrets_are_revealed_with_their_overlap(world: World) {
    let scope = world.merchant().await;
    let made = world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let id = made.endpoint.id;
    let gateway = &world.gateway;
    assert_eq!(
        gateway.reveal_secrets(scope, id).await.unwrap(),
        made.secrets
    );
    let rotate = RotateSecret {
        secret: Some("a new secret of my own".to_owned()),
        overlap: Some(Duration::from_mins(5)),
    };
    let before = world.storage.clock().now();
    let rotated = gateway.rotate_secrets(scope, id, rotate).await.unwrap();
    assert_eq!(rotated.secret.expose(), "a new secret of my own");
    let (previous, until) = rotated.previous.clone().unwrap();
    assert_eq!(previous, made.secrets.signing);
    assert!(until >= before + Duration::from_mins(5));
    assert_eq!(gateway.reveal_secrets(scope, id).await.unwrap(), rotated);
    let refused = RotateSecret {
        secret: Some("short".to_owned()),
        overlap: None,
    };
    let refused = gateway.rotate_secrets(scope, id, refused).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let foreign = gateway.reveal_secrets(world.merchant().await, id).await;
    assert!(matches!(foreign, Err(Error::NotFound)));
}

async fn the_limit_of_endpoints_is_told(world: World) {
    let mut settings = settings();
    settings.endpoints_per_merchant = 1;
    let world = world.again(settings).await;
    let scope = world.merchant().await;
    world.endpoint(scope, &["PRODUCT_VIEWED"]).await;
    let second = endpoint("https://shop.example", &["PRODUCT_VIEWED"]);
    let second = world.gateway.create_endpoint(scope, second).await;
    assert!(
        matches!(second, Err(Error::LimitReached { .. })),
        "{second:?}"
    );
}

async fn another_dialects_type_is_refused(world: World) {
    let scope = world.merchant().await;
    let unknown = endpoint("https://shop.example", &["PRODUCT_VIEWED", "NOTHING"]);
    let refused = world.gateway.create_endpoint(scope, unknown).await;
    let Err(Error::Invalid(errors)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(errors.len(), 1);
    let blocked = endpoint("https://10.0.0.1", &["PRODUCT_VIEWED"]);
    let refused = world.gateway.create_endpoint(scope, blocked).await;
    assert!(matches!(refused, Err(Error::InvalidUrl(_))), "{refused:?}");
}

async fn what_waited_comes_back_when_the_endpoint_is_enabled(world: World) {
    let scope = world.merchant().await;
    let id = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let published = world
        .publish(scope, vec![event(None, "{}"), event(None, "{}")])
        .await
        .unwrap();
    let gateway = &world.gateway;
    let disabled = gateway
        .disable_endpoint(scope, id, DisabledReason::Manual)
        .await
        .unwrap();
    let until = disabled.disabled.unwrap().1 + settings().disabled_wait;
    assert_eq!(
        world
            .storage
            .put_off(id, until, 10, While::Always)
            .await
            .unwrap(),
        2
    );
    assert!(gateway.enable_endpoint(scope, id).await.unwrap().enabled());
    for event in published.events {
        let shown = world
            .storage
            .delivery(scope, event.deliveries[0].0)
            .await
            .unwrap()
            .unwrap();
        assert!(shown.next_attempt_at.unwrap() <= world.storage.clock().now());
    }
}

async fn deleting_an_endpoint_cancels_what_waits(world: World) {
    let scope = world.merchant().await;
    let id = world.endpoint(scope, &["PRODUCT_VIEWED"]).await.endpoint.id;
    let events = (0..5).map(|_| event(None, "{}")).collect();
    let published = world.publish(scope, events).await.unwrap();
    world.claim(published.events[0].deliveries[0].0).await;
    world.gateway.delete_endpoint(scope, id).await.unwrap();
    let mut cancelled = 0;
    for event in &published.events {
        let shown = world
            .storage
            .delivery(scope, event.deliveries[0].0)
            .await
            .unwrap()
            .unwrap();
        cancelled += usize::from(shown.status == domain::delivery::Status::Cancelled);
    }
    assert_eq!(cancelled, 4, "what is in flight finishes");
    let again = world.gateway.delete_endpoint(scope, id).await;
    assert!(matches!(again, Err(Error::NotFound)));
}

async fn a_test_send_is_answered_and_logged(world: World) {
    let mut settings = settings();
    settings.tests_per_minute = 2;
    let world = world.again(settings).await;
    let scope = world.merchant().await;
    let receiver = Receiver::start().await;
    let new = endpoint(&receiver.url(), &["PRODUCT_VIEWED"]);
    let made = world.gateway.create_endpoint(scope, new).await.unwrap();
    let id = made.endpoint.id;
    world
        .gateway
        .disable_endpoint(scope, id, DisabledReason::Manual)
        .await
        .unwrap();
    let test = || {
        world
            .gateway
            .test_send(scope, id, TestSend::default(), "usr_1")
    };
    let attempt = test().await.unwrap();
    assert_eq!(attempt.exchange.outcome, domain::attempt::Outcome::Success);
    let request = receiver.requests().remove(0);
    assert_eq!(
        request.header("x-flexype-authorization"),
        Some(made.secrets.secret.expose())
    );
    let wire = request.header("x-event-id").unwrap().to_owned();
    assert!(wire.starts_with("evt_test_"), "{wire}");
    world.gateway.enable_endpoint(scope, id).await.unwrap();
    let retried = world
        .gateway
        .retry_delivery(scope, attempt.delivery_id, "usr_1")
        .await;
    assert!(
        matches!(retried, Err(Error::Conflict { .. })),
        "{retried:?}"
    );
    let logged = world
        .storage
        .attempts(scope, attempt.delivery_id)
        .await
        .unwrap();
    assert_eq!(logged, [(attempt.clone(), false)]);
    let masked = attempt
        .request_headers
        .iter()
        .all(|(_, value)| value != made.secrets.secret.expose());
    assert!(masked, "secrets are masked in the log");
    let shown = world
        .storage
        .delivery(scope, attempt.delivery_id)
        .await
        .unwrap()
        .unwrap();
    assert!(shown.is_test && shown.wire_event_id == wire);
    receiver.answer(Behaviour::statuses(&[500]));
    let failed = test().await.unwrap();
    assert_eq!(
        failed.exchange.outcome,
        domain::attempt::Outcome::HttpStatus
    );
    let refused = test().await;
    assert!(matches!(refused, Err(Error::TooMany { .. })), "{refused:?}");
    let other = TestSend {
        event_type: Some("NEW_CUSTOMER".to_owned()),
        payload: None,
    };
    let refused = world.gateway.test_send(scope, id, other, "usr_1").await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}
