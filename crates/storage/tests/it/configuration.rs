//! Merchants and endpoints, and the clock that tells caches of their changes.

use std::time::Duration;

use domain::clock::Micros;
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::{EndpointId, MerchantId};
use domain::merchant::Merchant;
use domain::secret::Secret;
use domain::tenancy::PlatformScope;
use storage::search::EndpointFilter;
use storage::{Keyring, PageRequest, Storage};

use crate::world::{World, scope};

on_both!(
    a_merchant_is_read_back_changed_and_deleted,
    merchants_are_paged_newest_first,
    an_endpoint_is_read_back_with_every_field,
    another_merchant_sees_no_endpoint,
    subscriptions_are_replaced,
    secrets_are_encrypted_at_rest,
    another_master_key_opens_no_secret,
    rotated_secrets_are_read_back,
    the_limit_of_endpoints_holds_for_calls_at_once,
    every_change_bumps_the_clock_and_names_the_merchant,
    a_deleted_endpoint_vanishes_but_the_log_finds_it,
);

async fn a_merchant_is_read_back_changed_and_deleted(world: World) {
    let merchant = world.merchant().await;
    let scope = scope(merchant.id);
    assert_eq!(
        world.storage.merchant(scope).await.unwrap(),
        Some(merchant.clone())
    );
    let edit = world.storage.update_merchant(scope, |m| {
        m.suspended = true;
        m.store.currency = None;
    });
    let changed = edit.await.unwrap().unwrap();
    assert!(changed.suspended && changed.updated_at >= merchant.updated_at);
    assert_eq!(world.storage.merchant(scope).await.unwrap(), Some(changed));
    let endpoint = world.endpoint(merchant.id).await.endpoint.id;
    assert!(world.storage.delete_merchant(scope).await.unwrap());
    assert_eq!(world.storage.merchant(scope).await.unwrap(), None);
    assert_eq!(world.storage.endpoint(scope, endpoint).await.unwrap(), None);
    assert!(!world.storage.delete_merchant(scope).await.unwrap());
    let edit = world
        .storage
        .update_merchant(scope, |m| m.suspended = false);
    assert_eq!(edit.await.unwrap(), None);
}

async fn merchants_are_paged_newest_first(world: World) {
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.merchant().await.id);
    }
    made.sort_unstable();
    made.reverse();
    let mut seen = Vec::new();
    let mut page = PageRequest {
        limit: 2,
        before: None,
    };
    loop {
        let found = world
            .storage
            .merchants(PlatformScope::proven(), None, page)
            .await
            .unwrap();
        seen.extend(found.rows.iter().map(|merchant| merchant.id));
        match found.next {
            Some(next) => page.before = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

async fn an_endpoint_is_read_back_with_every_field(world: World) {
    let merchant = world.merchant().await.id;
    let mut made = world.new_endpoint(merchant);
    made.endpoint.disabled = Some((DisabledReason::Failing, Micros(3)));
    made.endpoint.failing_since = Some(Micros(2));
    assert!(world.storage.create_endpoint(&made, 1).await.unwrap());
    let id = made.endpoint.id;
    let found = world.storage.endpoint(scope(merchant), id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made.endpoint));
    let config = world
        .storage
        .merchant_config(merchant)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(config.destinations, [made.clone()]);
    let edit = world
        .storage
        .update_endpoint(scope(merchant), id, |endpoint| {
            "https://other.example".clone_into(&mut endpoint.url);
            endpoint.headers.clear();
            endpoint.schedule = Some(Vec::new());
            (endpoint.rate_limit, endpoint.timeout, endpoint.disabled) = (None, None, None);
        });
    let changed = edit.await.unwrap().unwrap();
    assert_eq!(changed.schedule, Some(Vec::<Duration>::new()));
    assert_eq!(
        world.storage.endpoint(scope(merchant), id).await.unwrap(),
        Some(changed)
    );
    assert!(
        !world
            .storage
            .create_endpoint(&world.new_endpoint(merchant), 1)
            .await
            .unwrap()
    );
}

async fn another_merchant_sees_no_endpoint(world: World) {
    let (mine, other) = (world.merchant().await.id, scope(world.merchant().await.id));
    let id = world.endpoint(mine).await.endpoint.id;
    let storage = &world.storage;
    assert_eq!(storage.endpoint(other, id).await.unwrap(), None);
    assert_eq!(
        storage.endpoint_even_deleted(other, id).await.unwrap(),
        None
    );
    assert_eq!(storage.secrets(other, id).await.unwrap(), None);
    assert_eq!(
        storage.update_endpoint(other, id, |_| ()).await.unwrap(),
        None
    );
    assert_eq!(
        storage
            .update_secrets(other, id, Clone::clone)
            .await
            .unwrap(),
        None
    );
    assert!(!storage.delete_endpoint(other, id).await.unwrap());
    let page = PageRequest {
        limit: 10,
        before: None,
    };
    assert!(
        storage
            .endpoints(other, &EndpointFilter::default(), page)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    assert_eq!(
        storage
            .all_endpoints(PlatformScope::proven(), &EndpointFilter::default(), page)
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
    storage
        .set_failing_since(other, id, Some(Micros(1)))
        .await
        .unwrap();
    let found = storage.endpoint(scope(mine), id).await.unwrap().unwrap();
    assert_eq!(found.failing_since, None);
}

async fn subscriptions_are_replaced(world: World) {
    let merchant = world.merchant().await.id;
    let id = world.endpoint(merchant).await.endpoint.id;
    // Byte order, which no database's collation need follow.
    let names = ["A_B", "Z", "a", "a/b"].map(str::to_owned).to_vec();
    let edit = world
        .storage
        .update_endpoint(scope(merchant), id, |endpoint| {
            endpoint.event_types.clone_from(&names);
        });
    edit.await.unwrap().unwrap();
    let found = world
        .storage
        .endpoint(scope(merchant), id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.event_types, names);
    assert_eq!(world.count("subscriptions").await, 4);
}

async fn secrets_are_encrypted_at_rest(world: World) {
    let merchant = world.merchant().await.id;
    let made = world.endpoint(merchant).await;
    let hex = |text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        bytes.concat()
    };
    let row = if world.settings.is_postgres() {
        "encode(secret, 'hex') || encode(signing, 'hex')"
    } else {
        "lower(hex(secret) || hex(signing))"
    };
    for secret in [made.secrets.secret.expose(), made.secrets.signing.expose()] {
        let found = format!(
            "select count(*) from endpoint_secrets where {row} like '%{}%'",
            hex(secret)
        );
        assert_eq!(world.number(&found).await, 0);
    }
    let headers = row
        .replace("signing", "headers")
        .replace("secret", "headers");
    let found = format!(
        "select count(*) from endpoints where {headers} like '%{}%'",
        hex("to hide")
    );
    assert_eq!(world.number(&found).await, 0);
    let found = world
        .storage
        .secrets(scope(merchant), made.endpoint.id)
        .await;
    assert_eq!(found.unwrap(), Some(made.secrets));
}

async fn another_master_key_opens_no_secret(world: World) {
    let merchant = world.merchant().await.id;
    let id = world.endpoint(merchant).await.endpoint.id;
    let other = Keyring::new(&[[8; 32]]);
    let other = Storage::open(world.settings.clone(), other).await.unwrap();
    let refused = other.secrets(scope(merchant), id).await;
    assert!(
        matches!(refused, Err(storage::Error::WrongKey)),
        "{refused:?}"
    );
}

async fn rotated_secrets_are_read_back(world: World) {
    let merchant = world.merchant().await.id;
    let made = world.endpoint(merchant).await;
    let rotated = world
        .storage
        .update_secrets(scope(merchant), made.endpoint.id, |old| {
            let new = |text: &str| Secret::new(text.to_owned());
            old.rotated(new("new plain"), new("new signing"), Micros(77))
        });
    let rotated = rotated.await.unwrap().unwrap();
    assert_eq!(rotated.previous, Some((made.secrets.signing, Micros(77))));
    let found = world
        .storage
        .secrets(scope(merchant), made.endpoint.id)
        .await;
    assert_eq!(found.unwrap(), Some(rotated));
}

async fn the_limit_of_endpoints_holds_for_calls_at_once(world: World) {
    let merchant = world.merchant().await.id;
    let calls = (0..8).map(|_| {
        let (storage, new) = (world.storage.clone(), world.new_endpoint(merchant));
        async move { storage.create_endpoint(&new, 3).await.unwrap() }
    });
    let made = futures::future::join_all(calls).await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 3);
    assert_eq!(world.count("endpoints").await, 3);
}

async fn every_change_bumps_the_clock_and_names_the_merchant(world: World) {
    let storage = &world.storage;
    let merchant = world.merchant().await.id;
    let other = world.merchant().await.id;
    let made = world.endpoint(merchant).await;
    let (scope, id) = (scope(merchant), made.endpoint.id);
    let mut at = storage.config_version().await.unwrap();
    for step in 0..5 {
        match step {
            0 => {
                let edit = |endpoint: &mut Endpoint| endpoint.description.push('x');
                drop(storage.update_endpoint(scope, id, edit).await.unwrap());
            }
            1 => drop(
                storage
                    .update_secrets(scope, id, Clone::clone)
                    .await
                    .unwrap(),
            ),
            2 => {
                let edit = |merchant: &mut Merchant| merchant.name.push('x');
                drop(storage.update_merchant(scope, edit).await.unwrap());
            }
            3 => assert!(storage.delete_endpoint(scope, id).await.unwrap()),
            _ => assert!(storage.delete_merchant(scope).await.unwrap()),
        }
        let (v, changed) = storage.config_changes(at).await.unwrap();
        assert_eq!((v, changed), (at + 1, vec![merchant]), "step {step}");
        at = v;
    }
    assert_eq!(storage.config_changes(at).await.unwrap(), (at, Vec::new()));
    let both = storage.config_changes(0).await.unwrap().1;
    assert!(both.contains(&merchant) && both.contains(&other));
    let again = crate::world::scope(other);
    let same = storage.update_merchant(again, |_| ()).await.unwrap();
    assert_eq!(same, storage.merchant(again).await.unwrap());
    // What changes nothing bumps nothing, nor does what delivery does not depend on.
    storage.set_failing_since(scope, id, None).await.unwrap();
    let unknown: (MerchantId, EndpointId) = (world.id(), world.id());
    let nothing = storage.delete_endpoint(crate::world::scope(unknown.0), unknown.1);
    assert!(!nothing.await.unwrap());
    assert_eq!(storage.config_version().await.unwrap(), at);
}

async fn a_deleted_endpoint_vanishes_but_the_log_finds_it(world: World) {
    let merchant = world.merchant().await.id;
    let (scope, id) = (scope(merchant), world.endpoint(merchant).await.endpoint.id);
    let storage = &world.storage;
    assert!(storage.delete_endpoint(scope, id).await.unwrap());
    assert!(!storage.delete_endpoint(scope, id).await.unwrap());
    assert_eq!(storage.endpoint(scope, id).await.unwrap(), None);
    assert_eq!(storage.secrets(scope, id).await.unwrap(), None);
    let page = PageRequest {
        limit: 10,
        before: None,
    };
    assert!(
        storage
            .endpoints(scope, &EndpointFilter::default(), page)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    let config = storage.merchant_config(merchant).await.unwrap().unwrap();
    assert!(config.destinations.is_empty());
    let found = storage
        .endpoint_even_deleted(scope, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, id);
    assert_eq!(world.count("subscriptions").await, 0);
}
