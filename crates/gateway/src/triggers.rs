//! Decisions of triggers, made on the newest configuration: what the rules say of activities and timers, saved
//! with the events that fire, told to the queue.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use domain::catalog::EventType;
use domain::clock::{Clock, Micros};
use domain::dialect::{Dialect, wire_id};
use domain::event::Event;
use domain::fanout::fan_out;
use domain::id::{DeliveryId, EventId, MerchantId};
use domain::trigger::TriggerSettings;
use domain::trigger::activity::Activity;
use domain::trigger::rules::{Rules, Shop};
use domain::trigger::timer::TimerId;
use domain::trigger::world::{Fired, World};
use hmac::{Hmac, KeyInit as _, Mac as _};
use queue::{Queue, Stub};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::Sha256;
use storage::events::{NewDelivery, Publication};
use storage::triggers::{ActivityKey, Case, Cause, Decide, Decision, LeftOut, Outcome, Wanted};
use storage::{Error, Storage};
use tokio::sync::OnceCell;

use crate::config_cache::{ConfigCache, MerchantConfig};
use crate::stats::Stats;

/// Times a decision is repeated because the configuration moved under it.
const REPEATS: usize = 16;

/// The merchants of a case, as configured.
pub(crate) type Shops = HashMap<MerchantId, Arc<MerchantConfig>>;
/// The catalogue by name.
type Types = HashMap<String, EventType>;

/// Everything decisions are made with.
pub(crate) struct Triggers {
    pub storage: Arc<Storage>,
    pub queue: Arc<dyn Queue>,
    pub config: Arc<ConfigCache>,
    pub settings: TriggerSettings,
    stats: Arc<Stats>,
    clock: Arc<dyn Clock>,
    contact_key: OnceCell<[u8; 32]>,
}

/// A case before the configuration is known.
#[derive(Debug, Default)]
pub(crate) struct Question {
    pub keys: Vec<ActivityKey>,
    pub wanted: Wanted,
    /// Activities in the order in which they are taken in.
    pub activities: HashMap<MerchantId, Vec<Activity>>,
    /// Timers that may be due.
    pub timers: HashMap<MerchantId, Vec<TimerId>>,
    /// What ids are drawn from, the same in every repeat.
    pub seed: u64,
}

impl Question {
    fn merchants(&self) -> BTreeSet<MerchantId> {
        let ids = self.activities.keys().chain(self.timers.keys());
        ids.copied().collect()
    }
}

/// What came of a question.
pub(crate) struct Answer {
    /// Activities that had been taken in before, and merchants whom another process decides on: nothing was done
    /// for those.
    pub left_out: LeftOut,
    /// The merchants that took part.
    pub shops: Shops,
    /// The merchants that are there and did not.
    pub suspended: HashSet<MerchantId>,
    /// How many events fired.
    pub fired: usize,
}

impl Triggers {
    pub(crate) fn new(
        storage: Arc<Storage>,
        queue: Arc<dyn Queue>,
        config: Arc<ConfigCache>,
        settings: TriggerSettings,
        stats: Arc<Stats>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            storage,
            queue,
            config,
            settings,
            stats,
            clock,
            contact_key: OnceCell::new(),
        }
    }

    /// Decides and saves. `admit` says which merchants take part; the others' share is left out.
    ///
    /// Errors: the database is away, busy, full or refuses; nothing has changed.
    pub(crate) async fn decide(
        &self,
        question: Arc<Question>,
        admit: impl Fn(&MerchantConfig) -> bool,
    ) -> Result<Answer, Error> {
        let contact_key = self.contact_key().await?;
        let merchants = question.merchants();
        for _ in 0..REPEATS {
            // Before anything is read: what changes from here on makes the database refuse.
            let version = self.config.version();
            let (shops, suspended) = self.shops(&merchants, &admit).await?;
            let types = self.config.event_types().await?;
            // Now for each try: a job is due when it is written, where the safety poll still looks for it.
            let now = self.clock.now();
            let case = Case {
                version,
                merchants: merchants.clone(),
                keys: question
                    .keys
                    .iter()
                    .filter(|key| shops.contains_key(&key.merchant_id))
                    .copied()
                    .collect(),
                wanted: question.wanted.clone(),
                now,
            };
            let context = Context {
                shops: shops.clone(),
                types,
                settings: self.settings,
                contact_key,
                now,
            };
            let asked = Arc::clone(&question);
            let decide: Decide =
                Arc::new(move |loaded, left_out| context.decide(&asked, loaded.clone(), left_out));
            match self.storage.decide(case, decide).await? {
                Outcome::Stale => self.config.catch_up().await?,
                Outcome::Decided { decision, left_out } => {
                    self.tell(&decision.publications, now);
                    return Ok(Answer {
                        left_out,
                        shops,
                        suspended,
                        fired: decision.causes.len(),
                    });
                }
            }
        }
        Err(Error::Busy("the configuration keeps changing".to_owned()))
    }

    async fn shops(
        &self,
        merchants: &BTreeSet<MerchantId>,
        admit: &impl Fn(&MerchantConfig) -> bool,
    ) -> Result<(Shops, HashSet<MerchantId>), Error> {
        let mut shops = Shops::new();
        let mut left_out = HashSet::new();
        for id in merchants {
            match self.config.merchant(*id).await? {
                Some(config) if admit(&config) => {
                    shops.insert(*id, config);
                }
                Some(_) => {
                    left_out.insert(*id);
                }
                None => {}
            }
        }
        Ok((shops, left_out))
    }

    /// The key from which each merchant's contact ids are made: made once, kept encrypted.
    async fn contact_key(&self) -> Result<[u8; 32], Error> {
        let load = || async {
            let mut rng = StdRng::from_rng(&mut crate::system_rng());
            let fresh: [u8; 32] = rand::RngExt::random(&mut rng);
            let key = self
                .storage
                .server_key("contacts", &fresh, &mut rng)
                .await?;
            <[u8; 32]>::try_from(key).map_err(|_| Error::Corrupt {
                what: "server_keys",
            })
        };
        self.contact_key.get_or_try_init(load).await.copied()
    }

    /// The queue is told after the commit: a worker woken earlier would find no row.
    fn tell(&self, publications: &[Publication], now: Micros) {
        let stubs: Vec<Stub> = publications
            .iter()
            .flat_map(|publication| &publication.events)
            .inspect(|(event, _)| self.stats.event(event))
            .flat_map(|(event, deliveries)| {
                let sent = deliveries.iter().filter(|delivery| delivery.skip.is_none());
                sent.map(|delivery| Stub {
                    delivery_id: delivery.id,
                    endpoint_id: delivery.endpoint_id,
                    merchant_id: event.merchant_id,
                    due: now,
                })
            })
            .collect();
        if !stubs.is_empty() {
            self.queue.tell(&stubs, now);
        }
    }
}

/// What a decision is made in.
struct Context {
    shops: Shops,
    types: Arc<Types>,
    settings: TriggerSettings,
    contact_key: [u8; 32],
    now: Micros,
}

impl Context {
    /// The decision as a function of the loaded rows. It draws the same ids however often it is asked.
    fn decide(&self, question: &Question, mut world: World, left_out: &LeftOut) -> Decision {
        let mut rng = StdRng::seed_from_u64(question.seed);
        let merchants = question.merchants();
        for id in merchants.difference(&left_out.busy).copied() {
            match self.shops.get(&id) {
                Some(config) => self.ask(question, config, &mut world, left_out, &mut rng),
                None => drop_timers(question, id, &mut world),
            }
        }
        if world.missing().is_empty() {
            self.conclude(world, &mut rng)
        } else {
            Decision {
                world,
                ..Decision::default()
            }
        }
    }

    /// Lets the rules work on one store.
    fn ask(
        &self,
        question: &Question,
        config: &MerchantConfig,
        world: &mut World,
        left_out: &LeftOut,
        rng: &mut StdRng,
    ) {
        let id = config.merchant.id;
        let key = merchant_key(&self.contact_key, id);
        let wants = |event_type: &str| wants(config, event_type);
        let mut rules = Rules {
            shop: Shop {
                merchant: &config.merchant,
                wants: &wants,
                contact_key: &key,
                settings: &self.settings,
            },
            world,
            now: self.now,
            rng,
        };
        for activity in question.activities.get(&id).into_iter().flatten() {
            if !left_out.repeated.contains(&activity.id) {
                rules.apply(activity.clone());
            }
        }
        for timer in question.timers.get(&id).into_iter().flatten() {
            rules.fire(*timer);
        }
    }

    /// Turns what fired into events with their deliveries.
    fn conclude(&self, mut world: World, rng: &mut StdRng) -> Decision {
        let mut decision = Decision::default();
        for fired in std::mem::take(&mut world.fired) {
            let Some(config) = self.shops.get(&fired.merchant_id) else {
                continue;
            };
            let id = EventId::new(self.now, rng);
            decision.causes.push(Cause {
                subject: fired.subject,
                event_id: id,
                activity_id: fired.activity,
            });
            decision.publications.push(Publication {
                merchant_id: fired.merchant_id,
                events: vec![self.event(id, fired, config, rng)],
                keys: Vec::new(),
            });
        }
        decision.world = world;
        decision
    }

    fn event(
        &self,
        id: EventId,
        fired: Fired,
        config: &MerchantConfig,
        rng: &mut StdRng,
    ) -> (Event, Vec<NewDelivery>) {
        let endpoints = config.destinations.iter().map(|d| &d.endpoint);
        let deliveries = fan_out(fired.event_type, endpoints)
            .into_iter()
            .map(|target| NewDelivery {
                id: DeliveryId::new(self.now, rng),
                endpoint_id: target.endpoint_id,
                skip: target.skip,
            })
            .collect();
        let dialect = self
            .types
            .get(fired.event_type)
            .map_or(Dialect::Standard, |entry| entry.dialect);
        let event = Event {
            id,
            merchant_id: fired.merchant_id,
            event_id: wire_id(dialect, id).into(),
            event_type: fired.event_type.into(),
            payload: fired.payload,
            store: Arc::clone(&config.store),
            occurred_at: fired.occurred_at,
            created_at: self.now,
            is_test: false,
        };
        (event, deliveries)
    }
}

/// Whether any of the merchant's endpoints is subscribed to the type.
fn wants(config: &MerchantConfig, event_type: &str) -> bool {
    config.destinations.iter().any(|destination| {
        let types = &destination.endpoint.event_types;
        types
            .binary_search_by(|name| name.as_str().cmp(event_type))
            .is_ok()
    })
}

/// The timers of a merchant that is gone come to nothing.
fn drop_timers(question: &Question, id: MerchantId, world: &mut World) {
    for timer in question.timers.get(&id).into_iter().flatten() {
        world.timers.insert(*timer, None);
    }
}

/// Each merchant's own key for contact ids.
fn merchant_key(contact_key: &[u8; 32], id: MerchantId) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(contact_key).expect("any length");
    mac.update(id.uuid().as_bytes());
    mac.finalize().into_bytes().into()
}
