//! Counts that processes share, and what a Redis can do to them.

use std::time::{Duration, Instant};

use domain::rate::{Rate, Subject};
use queue::{RedisCounts, RedisSettings};
use testkit::redis::RedisServer;

async fn counts(server: &RedisServer) -> RedisCounts {
    let counts = RedisCounts::connect(&server.url(), &RedisSettings::default()).unwrap();
    up(&counts, true).await;
    counts
}

/// Waits until the counts are shared, or are not.
async fn up(counts: &RedisCounts, wanted: bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while counts.is_up() != wanted {
        assert!(Instant::now() < deadline, "still {}", !wanted);
        tokio::task::yield_now().await;
    }
}

const fn subject(of: &'static str, id: u128) -> Subject {
    Subject { of, id }
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_quota_is_taken_from_by_all_and_comes_back_evenly() {
    let server = RedisServer::start().await;
    let (one, two) = (counts(&server).await, counts(&server).await);
    let asked = [(subject("key", 1), rate("4/h"))];
    for left in [3, 2, 1, 0] {
        let process = if left % 2 == 0 { &one } else { &two };
        let taken = process.take(&asked).await.unwrap();
        assert_eq!((taken[0].wait, taken[0].left), (None, left));
    }
    let refused = two.take(&asked).await.unwrap();
    let wait = refused[0].wait.unwrap().as_secs();
    assert!((890..=900).contains(&wait), "{wait}");
    let quick = [(subject("key", 2), rate("1000/s"))];
    let mut allowed = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(500) {
        allowed += u32::from(one.take(&quick).await.unwrap()[0].wait.is_none());
    }
    let most = 1_000 + u32::try_from(began.elapsed().as_millis()).unwrap() + 50;
    assert!((1..=most).contains(&allowed), "{allowed} of {most}");
}

#[tokio::test]
async fn of_two_quotas_both_are_taken_or_none() {
    let server = RedisServer::start().await;
    let counts = counts(&server).await;
    let (key, merchant) = (subject("key", 1), subject("merchant", 1));
    let asked = [(key, rate("5/h")), (merchant, rate("1/h"))];
    assert!(
        counts
            .take(&asked)
            .await
            .unwrap()
            .iter()
            .all(|taken| taken.wait.is_none())
    );
    for _ in 0..3 {
        let refused = counts.take(&asked).await.unwrap();
        assert_eq!(
            (refused[0].wait, refused[0].left),
            (Some(Duration::ZERO), 4)
        );
        assert!(refused[1].wait.unwrap() > Duration::from_mins(50));
    }
    assert_eq!(counts.take(&asked[..1]).await.unwrap()[0].left, 3);
}

#[tokio::test]
async fn entries_are_counted_to_the_limit_of_their_window_and_may_be_taken_back() {
    let server = RedisServer::start().await;
    let counts = counts(&server).await;
    let who = subject("login", 7);
    let enter = async |limit| {
        counts
            .enter(who, limit, Duration::from_mins(10))
            .await
            .unwrap()
    };
    assert_eq!(enter(2).await, Ok(()));
    assert_eq!(enter(2).await, Ok(()));
    let left = enter(2).await.unwrap_err();
    assert!((590..=600).contains(&left.as_secs()), "{left:?}");
    counts.leave(who).await;
    assert_eq!(enter(2).await, Ok(()));
    assert!(enter(2).await.is_err());
}

#[tokio::test]
async fn without_redis_there_is_no_answer_at_once_and_later_there_is_again() {
    let server = RedisServer::start().await;
    let counts = counts(&server).await;
    let asked = [(subject("key", 1), rate("4/h"))];
    server.signal_stop();
    assert!(counts.take(&asked).await.is_none());
    // Each that waited for an answer would take 100 ms.
    let began = Instant::now();
    for _ in 0..1_000 {
        assert!(counts.take(&asked).await.is_none());
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(50), "{took:?}");
    server.signal_cont();
    up(&counts, true).await;
    assert!(counts.take(&asked).await.is_some());
    server.flush_all().await;
    assert_eq!(
        counts.take(&asked).await.unwrap()[0].left,
        3,
        "a wiped Redis is used on"
    );
}
