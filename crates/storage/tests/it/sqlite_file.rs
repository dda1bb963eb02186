//! What only the file can do: be copied, be full, have one writer.

use std::sync::Arc;

use domain::tenancy::TenantScope;
use storage::events::{IngestResult, Publication};
use storage::{DatabaseSettings, Storage};

use crate::world::{World, keyring, scope};

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_with_vacuum_into_opens() {
    let world = World::sqlite().await;
    let merchant = world.merchant().await;
    let endpoint = world.endpoint(merchant.id).await.endpoint.id;
    let ids = world.publish(merchant.id, endpoint, 100).await;
    let folder = tempfile::TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    world
        .execute(&format!("vacuum into '{}'", copy.display()))
        .await;
    let settings = DatabaseSettings::new(format!("sqlite:{}", copy.display()));
    storage::migrate(&settings).await.unwrap();
    let copy = Storage::open(settings, keyring()).await.unwrap();
    assert_eq!(
        copy.merchant(scope(merchant.id)).await.unwrap(),
        Some(merchant.clone())
    );
    let delivery = copy
        .delivery(TenantScope::of(merchant.id), ids[7])
        .await
        .unwrap();
    assert!(delivery.is_some());
    assert!(
        copy.secrets(scope(merchant.id), endpoint)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_fails_does_not_fail_its_neighbours() {
    let world = World::sqlite().await;
    let merchant = world.merchant().await.id;
    let taken = world.publication(merchant, &[], &[]);
    world.ingest(vec![taken.clone()]).await;
    let version = world.storage.config_version().await.unwrap();
    let calls = (0..100).map(|n| {
        let publication = if n % 10 == 3 {
            taken.clone()
        } else {
            world.publication(merchant, &[], &[])
        };
        let batch: Arc<Vec<Publication>> = Arc::new(vec![publication]);
        let (storage, now) = (world.storage.clone(), world.now());
        tokio::spawn(async move { storage.ingest(version, batch, now).await })
    });
    let results = futures::future::join_all(calls.collect::<Vec<_>>()).await;
    for (n, result) in results.into_iter().enumerate() {
        match result.unwrap() {
            Ok(IngestResult::Done(_)) => assert_ne!(n % 10, 3),
            Err(storage::Error::Duplicate) => assert_eq!(n % 10, 3),
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(world.count("events").await, 91);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_is_told_apart_and_recovers() {
    let world = World::sqlite().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    world.publish(merchant, endpoint, 10).await;
    let pages = world
        .number("select page_count from pragma_page_count()")
        .await;
    world.storage.limit_pages(pages + 20).await.unwrap();
    let big = || {
        let mut publication = world.publication(merchant, &[endpoint], &[]);
        publication.events[0].0.payload = vec![b'x'; 30_000].into();
        publication
    };
    let version = world.storage.config_version().await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..20 {
        let (storage, batch, now) = (world.storage.clone(), Arc::new(vec![big()]), world.now());
        calls.push(tokio::spawn(async move {
            storage.ingest(version, batch, now).await
        }));
    }
    let mut stored = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(IngestResult::Done(_)) => stored += 1,
            Err(storage::Error::Full) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(stored < 20);
    assert_eq!(
        world.count("events").await,
        10 + stored,
        "what was answered is what is there"
    );
    world.storage.limit_pages(pages + 2_000).await.unwrap();
    world.ingest(vec![big()]).await;
    assert_eq!(world.count("events").await, 11 + stored);
}
