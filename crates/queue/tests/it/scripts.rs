//! The Lua scripts do in Redis what a few lines do here.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use testkit::redis::RedisServer;

const POP_DUE: &str = include_str!("../../src/redis/pop_due.lua");

type Scored = Vec<(Vec<u8>, i64)>;

/// What the script pops of a set, when the next of it is due, and what it leaves.
async fn popped(
    connection: &mut MultiplexedConnection,
    set: &Scored,
    now: i64,
    limit: usize,
) -> redis::RedisResult<(Scored, Option<i64>, Scored)> {
    connection.del::<_, ()>("set").await?;
    if !set.is_empty() {
        let entries: Vec<_> = set.iter().map(|(member, score)| (score, member)).collect();
        let _: () = connection.zadd_multiple("set", &entries).await?;
    }
    let script = redis::Script::new(POP_DUE);
    let mut call = script.key("set");
    call.arg(now).arg(limit);
    let (due, next) = call.invoke_async(connection).await?;
    let left = connection.zrange_withscores("set", 0, -1).await?;
    Ok((due, next, left))
}

/// The same, done here.
fn expected(mut set: Scored, now: i64, limit: usize) -> (Scored, Option<i64>, Scored) {
    set.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    let due = set.iter().filter(|(_, score)| *score <= now).count();
    let left = set.split_off(due.min(limit));
    (set, left.first().map(|(_, score)| *score), left)
}

#[test]
fn what_is_due_is_popped_in_order_and_the_rest_stays() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_server, connection) = runtime.block_on(async {
        let server = RedisServer::start().await;
        let client = redis::Client::open(server.url()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        (server, connection)
    });
    let score = prop_oneof![0_i64..8, 0_i64..=1 << 53];
    let member = prop::collection::vec(any::<u8>(), 0..56);
    let set = prop::collection::btree_map(member, score.clone(), 0..40);
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(
        &(set, score, 0_usize..48),
        |(set, now, limit): (BTreeMap<Vec<u8>, i64>, i64, usize)| {
            let set: Scored = set.into_iter().collect();
            let mut connection = connection.clone();
            let done = runtime.block_on(popped(&mut connection, &set, now, limit));
            let done = done.unwrap();
            prop_assert_eq!(done, expected(set, now, limit));
            Ok(())
        },
    );
    outcome.unwrap();
}
