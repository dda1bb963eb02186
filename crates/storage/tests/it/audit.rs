//! The audit log: in the transaction of the change, append-only, chained.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::{Actor, Broken, Entry};
use domain::endpoint::DisabledReason;
use domain::id::MerchantId;
use domain::tenancy::PlatformScope;
use storage::PageRequest;
use storage::audit::{AuditFilter, Origin};

use crate::world::{World, scope};

on_both!(
    a_change_is_noted_with_what_it_changed_and_by_whom,
    a_change_that_changes_nothing_is_not_noted,
    entries_are_filtered_and_paged_newest_first,
    another_merchant_sees_no_entry,
    the_database_refuses_to_change_or_delete_entries,
    a_changed_or_missing_entry_breaks_the_chain,
    writers_at_once_make_one_chain,
);

const ALL: PageRequest = PageRequest {
    limit: 250,
    before: None,
};

async fn entries(world: &World, filter: &AuditFilter) -> Vec<Entry> {
    let found = world.storage.audit_log(PlatformScope::proven(), filter, ALL);
    found.await.unwrap().rows
}

fn jane(action: &'static str) -> Arc<Origin> {
    let actor = Actor {
        id: "usr_jane".to_owned(),
        name: "jane@example.com".to_owned(),
    };
    Arc::new(Origin::of(action, actor))
}

async fn rename(world: &World, id: MerchantId, name: &str) {
    let renamed = world
        .storage
        .update_merchant(scope(id), |merchant| name.clone_into(&mut merchant.name));
    jane("updateMerchant").run(renamed).await.unwrap();
}

async fn a_change_is_noted_with_what_it_changed_and_by_whom(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let now = world.now();
    let changed = world
        .storage
        .update_endpoint(scope(merchant), endpoint, |endpoint| {
            endpoint.description = "new".to_owned();
            endpoint.disabled = Some((DisabledReason::Manual, now));
        });
    jane("disableEndpoint").run(changed).await.unwrap();
    let log = entries(&world, &AuditFilter::default()).await;
    let (newest, made) = (&log[0], &log[1]);
    assert_eq!(newest.actor.id, "usr_jane");
    assert_eq!(newest.action, "disableEndpoint");
    assert_eq!(newest.target, endpoint.to_string());
    assert_eq!(newest.merchant_id, Some(merchant));
    let after: serde_json::Value = serde_json::from_str(newest.after.as_deref().unwrap()).unwrap();
    assert_eq!(
        after,
        serde_json::json!({ "description": "new", "disabled": "manual" })
    );
    assert_eq!((made.actor.id.as_str(), &made.before), ("system", &None));
    assert_eq!(made.action, "createEndpoint");
}

async fn a_change_that_changes_nothing_is_not_noted(world: World) {
    let merchant = world.merchant().await.id;
    let before = entries(&world, &AuditFilter::default()).await.len();
    let changed = world.storage.update_merchant(scope(merchant), |_| {});
    changed.await.unwrap();
    assert_eq!(entries(&world, &AuditFilter::default()).await.len(), before);
}

async fn entries_are_filtered_and_paged_newest_first(world: World) {
    let (one, other) = (world.merchant().await.id, world.merchant().await.id);
    for name in ["a", "b", "c"] {
        rename(&world, one, name).await;
    }
    let by_jane = AuditFilter {
        actor_id: Some("usr_jane".to_owned()),
        ..AuditFilter::default()
    };
    let renames = entries(&world, &by_jane).await;
    let numbers: Vec<_> = renames.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [5, 4, 3]);
    let made = AuditFilter {
        actions: vec!["createMerchant".to_owned()],
        merchant_id: Some(other),
        ..AuditFilter::default()
    };
    assert_eq!(entries(&world, &made).await.len(), 1);
    let range = |from, to| AuditFilter {
        target: Some(one.to_string()),
        from: Some(from),
        to: Some(to),
        ..AuditFilter::default()
    };
    let (first, second) = (renames[2].at, Duration::from_secs(1));
    assert!(entries(&world, &range(first, first + second)).await.len() >= 3);
    assert_eq!(entries(&world, &range(first - second, first - second)).await, []);

    let page = |limit, before| {
        let page = PageRequest { limit, before };
        world.storage.audit_log(PlatformScope::proven(), &by_jane, page)
    };
    let newest = page(2, None).await.unwrap();
    let rest = page(2, newest.next).await.unwrap();
    assert_eq!((newest.rows.len(), rest.rows.len(), rest.next), (2, 1, None));
}

async fn another_merchant_sees_no_entry(world: World) {
    let (one, other) = (world.merchant().await.id, world.merchant().await.id);
    world.endpoint(one).await;
    // Naming the other merchant in the filter reaches no further than the scope.
    let filter = AuditFilter {
        merchant_id: Some(one),
        ..AuditFilter::default()
    };
    let found = world.storage.audit_log(scope(other), &filter, ALL);
    assert_eq!(found.await.unwrap().rows, []);
    let found = world.storage.audit_log(scope(one), &filter, ALL);
    assert_eq!(found.await.unwrap().rows.len(), 2);
}

async fn the_database_refuses_to_change_or_delete_entries(world: World) {
    world.merchant().await;
    for sql in [
        "update audit_log set actor_name = 'somebody else'",
        "delete from audit_log",
    ] {
        let refused = world.try_execute(sql).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

async fn a_changed_or_missing_entry_breaks_the_chain(world: World) {
    for _ in 0..3 {
        world.merchant().await;
    }
    let verify = async || {
        let walked = world.storage.verify_audit_log(PlatformScope::proven());
        walked.await.unwrap().map(|chain| chain.length)
    };
    assert_eq!(verify().await, Ok(3));
    // Whoever owns the database can take its guard away, but not hide what was done then.
    let guard = if world.settings.is_postgres() {
        "drop trigger audit_log_append_only on audit_log"
    } else {
        "drop trigger audit_log_no_update; drop trigger audit_log_no_delete"
    };
    world.execute(guard).await;
    let rename = |name: &str| format!("update audit_log set actor_name = '{name}' where number = 2");
    world.execute(&rename("somebody else")).await;
    assert_eq!(verify().await, Err(Broken::Changed { number: 2 }));
    world.execute(&rename("Hookyard")).await;
    assert_eq!(verify().await, Ok(3));
    world.execute("delete from audit_log where number = 3").await;
    let (wanted, found) = (3, 2);
    assert_eq!(verify().await, Err(Broken::CutOff { wanted, found }));
    world.execute("delete from audit_log where number = 1").await;
    let (wanted, found) = (1, 2);
    assert_eq!(verify().await, Err(Broken::Gap { wanted, found }));
}

async fn writers_at_once_make_one_chain(world: World) {
    let mut merchants = Vec::new();
    for _ in 0..20 {
        merchants.push(world.merchant().await.id);
    }
    let renames = merchants.iter().map(|id| rename(&world, *id, "new"));
    futures::future::join_all(renames).await;
    let walked = world.storage.verify_audit_log(PlatformScope::proven());
    assert_eq!(walked.await.unwrap().unwrap().length, 40);
}
