//! Random visits by way of the database cause the very events that the rules alone cause with everything in
//! memory: whatever a decision looks at is loaded, and whatever it changes is saved.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::dialect::Dialect;
use domain::id::ActivityId;
use domain::merchant::Merchant;
use domain::shard::ShardSet;
use domain::tenancy::TenantScope;
use domain::trigger::TriggerSettings;
use domain::trigger::activity::Activity;
use domain::trigger::rules::{Rules, Shop as Store};
use domain::trigger::world::World as Memory;
use gateway::Gateway;
use gateway::endpoints::NewEndpoint;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage::PageRequest;
use storage::events::EventFilter;
use testkit::clock::TestClock;
use testkit::size::is_full;
use tokio::task::JoinSet;

use super::shop::{CARTHOOK, FLEXYPE, activity, at, start};
use crate::world::{World, endpoint};

on_both!(contract_069_092_093_random_visits_cause_the_same_events_as_in_memory);

/// Scripts played at the same time, each by a merchant of its own.
const LANES: u64 = 8;
/// Scripts that each of them plays, one after another.
fn scripts() -> u64 {
    if is_full() { 12 } else { 4 }
}
const STEPS: usize = 40;

/// What happened: the type, the time, the payload.
type Told = Vec<(String, Micros, String)>;

/// A moment of a script: how long after the last one, what is posted with how old a time, and whether timers are
/// looked at.
struct Moment {
    after: Duration,
    posts: Vec<(Duration, Activity)>,
    looks: bool,
}

fn script(rng: &mut StdRng) -> Vec<Moment> {
    (0..STEPS)
        .map(|_| Moment {
            // Coarse, so that ties are common.
            after: at(0, [0, 1, 5, 5, 10, 15][rng.random_range(0..6)]),
            posts: (0..rng.random_range(0..4)).map(|_| post(rng)).collect(),
            looks: rng.random_bool(0.7),
        })
        .collect()
}

fn post(rng: &mut StdRng) -> (Duration, Activity) {
    let late = at(0, [0, 0, 0, 5, 10, 20][rng.random_range(0..6)]);
    let named = |rng: &mut StdRng, name: &str, member: &str| match rng.random_range(0..3) {
        0 => format!(r#","{member}":"{name}-{}""#, rng.random_range(0..3)),
        _ => String::new(),
    };
    let session = named(rng, "s", "session_id");
    let identity = match rng.random_range(0..8) {
        0 | 1 => format!(
            r#","identity":{{"email":"p{}@example.com"}}"#,
            rng.random_range(0..3)
        ),
        2 => format!(
            r#","identity":{{"phone":"98{}","dial_code":"91"}}"#,
            rng.random_range(0..3)
        ),
        3 => r#","identity":{"first_name":"Jane"}"#.to_owned(),
        _ => String::new(),
    };
    let (kind, data) = [
        ("page_viewed", r#"{"url":"https://my-store.com/"}"#),
        ("product_viewed", r#"{"product_id":1}"#),
        ("collection_viewed", r#"{"collection_id":2}"#),
        ("identified", "{}"),
        ("customer_created", r#"{"customer_id":"5"}"#),
        ("checkout_opened", "{}"),
        ("checkout_opened", "{}"),
        ("checkout_step", r#"{"state":"PHONE_ENTERED"}"#),
        ("order_completed", r#"{"order_id":"9"}"#),
        ("funnel_checkout_created", r#"{"funnel_id":"cfu_1"}"#),
        (
            "funnel_step",
            r#"{"funnel_id":"cfu_1","page":"up","decision":"accepted"}"#,
        ),
        ("funnel_completed", r#"{"funnel_id":"cfu_1"}"#),
    ][rng.random_range(0..12)];
    let checkout = if kind == "order_completed" && rng.random_bool(0.5) {
        String::new()
    } else if kind.starts_with("funnel") || kind.contains("checkout") || kind.contains("order") {
        format!(r#","checkout_id":"c-{}""#, rng.random_range(0..4))
    } else {
        String::new()
    };
    let device = rng.random_range(0..3);
    let body = format!(
        r#"{{"type":"{kind}","visitor":{{"device_id":"d-{device}"{session}{checkout}}}{identity},"data":{data}}}"#
    );
    (late, activity(&body))
}

/// The script with everything in memory.
struct InMemory {
    merchant: Merchant,
    world: Memory,
    rng: StdRng,
    settings: TriggerSettings,
    last: ActivityId,
}

impl InMemory {
    fn rules<T>(&mut self, now: Micros, work: impl FnOnce(&mut Rules<'_>) -> T) -> T {
        work(&mut Rules {
            shop: Store {
                merchant: &self.merchant,
                wants: &|name| FLEXYPE.contains(&name) || CARTHOOK.contains(&name),
                contact_key: &[0; 32],
                settings: &self.settings,
            },
            world: &mut self.world,
            now,
            rng: &mut self.rng,
        })
    }

    fn post(&mut self, now: Micros, mut posts: Vec<(Micros, Activity)>) {
        posts.sort_by_key(|(at, _)| *at);
        for (at, activity) in posts {
            self.last = ActivityId::new_after(self.last, now, &mut self.rng);
            let id = self.last;
            self.rules(now, |rules| rules.apply(Activity { id, at, ..activity }));
        }
    }

    fn look(&mut self, now: Micros) {
        loop {
            let timers = self.world.timers.iter();
            let due = timers.filter_map(|(id, timer)| Some((timer.as_ref()?.due, *id)));
            let Some((_, id)) = due.filter(|(due, _)| *due <= now).min() else {
                return;
            };
            self.rules(now, |rules| rules.fire(id));
        }
    }

    fn told(&self) -> Told {
        let fired = self.world.fired.iter().map(|fired| {
            let payload = String::from_utf8(fired.payload.to_vec()).unwrap();
            (fired.event_type.to_owned(), fired.occurred_at, payload)
        });
        sorted(fired.collect())
    }
}

fn sorted(mut told: Told) -> Told {
    told.sort_by(|one, other| (one.1, &one.0, &one.2).cmp(&(other.1, &other.0, &other.2)));
    told
}

/// One lane: a gateway with its own time, of which only its own merchant's timers are fired.
struct Lane {
    world: Arc<World>,
    gateway: Arc<Gateway>,
    clock: TestClock,
}

impl Lane {
    async fn merchant(&self) -> Merchant {
        let scope = self.world.merchant().await;
        self.world.endpoint(scope, &FLEXYPE).await;
        let new = NewEndpoint {
            dialect: Dialect::Carthook,
            ..endpoint("https://shop.example/hooks", &CARTHOOK)
        };
        self.gateway.create_endpoint(scope, new).await.unwrap();
        let config = self.gateway.config().merchant(scope.merchant_id()).await;
        config.unwrap().unwrap().merchant.clone()
    }

    async fn look(&self, scope: TenantScope) {
        loop {
            let (now, storage) = (self.clock.now(), &self.world.storage);
            let mut due = storage
                .due_timers(ShardSet::ALL, &[], now, 1_000)
                .await
                .unwrap();
            due.retain(|timer| timer.merchant_id == scope.merchant_id());
            if due.is_empty() {
                return;
            }
            self.gateway.fire_timers(&due).await.unwrap();
        }
    }

    async fn told(&self, scope: TenantScope) -> Told {
        let page = PageRequest {
            limit: 1_000,
            before: None,
        };
        let filter = EventFilter::default();
        let page = self.world.storage.events(scope, &filter, page).await;
        let told = page.unwrap().rows.into_iter().map(|event| {
            let payload = String::from_utf8(event.payload.to_vec()).unwrap();
            (event.event_type.to_string(), event.occurred_at, payload)
        });
        sorted(told.collect())
    }

    async fn play(&self, seed: u64, midnight: Micros) {
        let mut rng = StdRng::seed_from_u64(seed);
        self.clock.set(midnight);
        let merchant = self.merchant().await;
        let scope = TenantScope::of(merchant.id);
        let mut memory = InMemory {
            merchant,
            world: Memory::default(),
            rng: StdRng::seed_from_u64(seed),
            settings: TriggerSettings::default(),
            last: ActivityId::floor(Micros(0)),
        };
        let mut said = Vec::new();
        for moment in script(&mut rng) {
            let now = self.clock.advance(moment.after);
            let posts = moment.posts.into_iter();
            let posts: Vec<_> = posts.map(|(late, one)| (now - late, one)).collect();
            said.extend(posts.iter().map(|(at, one)| {
                let body = String::from_utf8_lossy(&one.body).into_owned();
                format!(
                    "{} {} {body}",
                    at.since(midnight).as_secs() / 60,
                    moment.looks
                )
            }));
            if !posts.is_empty() {
                memory.post(now, posts.clone());
                let posts = posts.into_iter().map(|(at, one)| (Some(at), one));
                let posts = posts.collect();
                self.gateway.record_activities(scope, posts).await.unwrap();
            }
            if moment.looks {
                memory.look(now);
                self.look(scope).await;
            }
        }
        for _ in 0..3 {
            memory.look(self.clock.advance(at(1, 0)));
            self.look(scope).await;
        }
        let (told, expected) = (self.told(scope).await, memory.told());
        let only = |these: &Told, those: &Told| -> Vec<String> {
            let missing = these.iter().filter(|one| !those.contains(one));
            let minute = |at: Micros| at.since(midnight).as_secs() / 60;
            missing
                .map(|(name, at, payload)| format!("{} {name} {payload}", minute(*at)))
                .collect()
        };
        assert!(
            told == expected,
            "seed {seed}\n{}\nonly by the database: {:#?}\nonly in memory: {:#?}",
            said.join("\n"),
            only(&told, &expected),
            only(&expected, &told)
        );
    }
}

async fn contract_069_092_093_random_visits_cause_the_same_events_as_in_memory(world: World) {
    let now = world.storage.clock().now();
    let midnight = Micros(now.0 - now.0 % 1_000_000);
    let world = Arc::new(world);
    let mut lanes = JoinSet::new();
    for number in 0..LANES {
        let clock = TestClock::new(midnight);
        let (gateway, _) = start(&world, clock.clone()).await;
        let lane = Lane {
            world: Arc::clone(&world),
            gateway,
            clock,
        };
        lanes.spawn(async move {
            for script in 0..scripts() {
                lane.play(number * scripts() + script, midnight).await;
            }
        });
    }
    while let Some(done) = lanes.join_next().await {
        done.unwrap();
    }
}
