//! The rows of triggers, read and written. Both databases understand these statements; only the driver's types
//! differ, so the functions are spelled once and made for each.

/// Makes the functions for one database.
macro_rules! rows {
    ($db:ty, $connection:ty, $row:ty) => {
        use std::collections::{BTreeMap, BTreeSet};
        use std::time::Duration;

        use bytes::Bytes;
        use domain::clock::Micros;
        use domain::id::{ActivityId, CheckoutId, MerchantId, SessionId, ShopperId};
        use domain::trigger::Key;
        use domain::trigger::activity::{Activity, ActivityKind};
        use domain::trigger::checkout::{Checkout, CheckoutKind, CheckoutState, Step};
        use domain::trigger::session::{Session, SessionState};
        use domain::trigger::shopper::{Shopper, Visitor};
        use domain::trigger::world::World;
        use sqlx::{QueryBuilder, Row as _};
        use uuid::Uuid;

        use super::{Case, Cause, Decision, LOOKS, ROWS, Second, Wanted, shielded};
        use crate::Error;
        use crate::retention::{ACTIVITY_KEYS, KEYS};

        const VISITOR: &str = "v.merchant_id, v.device, v.shopper_id, v.session_id, v.sessions, v.first_seen_us, v.known_since_us";
        const SHOPPER: &str = "v.id, v.merchant_id, v.contact_id, v.email, v.phone, v.dial_code, v.first_name, v.last_name, v.created_us";
        const SESSION: &str = "v.id, v.merchant_id, v.client_id, v.device, v.shopper_id, v.state, v.opened_us, v.last_us, v.ended_us, v.span_us, v.checkout_id";
        const CHECKOUT: &str = "v.id, v.merchant_id, v.kind, v.client_id, v.device, v.session_id, v.shopper_id, v.state, v.step, v.step_us, v.opened_us, v.last_us, v.ended_us, v.recovered_us, v.superseded_by, v.span_us, v.sliding, v.announced, v.in_upsell";

        fn key(row: &$row, at: usize, what: &'static str) -> Result<Key, Error> {
            let bytes: Vec<u8> = row.get(at);
            Ok(Key(bytes.try_into().map_err(|_| Error::Corrupt { what })?))
        }

        fn span(row: &$row, at: usize) -> Duration {
            Duration::from_micros(row.get::<i64, _>(at).unsigned_abs())
        }

        fn visitor(row: &$row) -> Result<Visitor, Error> {
            Ok(Visitor {
                merchant_id: MerchantId::from_uuid(row.get(0)),
                device: key(row, 1, "visitors")?,
                shopper_id: row.get::<Option<Uuid>, _>(2).map(ShopperId::from_uuid),
                session_id: row.get::<Option<Uuid>, _>(3).map(SessionId::from_uuid),
                sessions: row.get(4),
                first_seen: Micros(row.get(5)),
                known_since: row.get::<Option<i64>, _>(6).map(Micros),
            })
        }

        fn shopper(row: &$row) -> Shopper {
            Shopper {
                id: ShopperId::from_uuid(row.get(0)),
                merchant_id: MerchantId::from_uuid(row.get(1)),
                contact_id: row.get(2),
                email: row.get(3),
                phone: row.get(4),
                dial_code: row.get(5),
                first_name: row.get(6),
                last_name: row.get(7),
                created_at: Micros(row.get(8)),
            }
        }

        fn session(row: &$row) -> Result<Session, Error> {
            let corrupt = Error::Corrupt { what: "sessions" };
            Ok(Session {
                id: SessionId::from_uuid(row.get(0)),
                merchant_id: MerchantId::from_uuid(row.get(1)),
                client_id: row.get(2),
                device: key(row, 3, "sessions")?,
                shopper_id: row.get::<Option<Uuid>, _>(4).map(ShopperId::from_uuid),
                state: SessionState::from_code(row.get(5)).ok_or(corrupt)?,
                opened: Micros(row.get(6)),
                last: Micros(row.get(7)),
                ended: row.get::<Option<i64>, _>(8).map(Micros),
                span: span(row, 9),
                checkout_id: row.get::<Option<Uuid>, _>(10).map(CheckoutId::from_uuid),
            })
        }

        fn checkout(row: &$row) -> Result<Checkout, Error> {
            let corrupt = || Error::Corrupt { what: "checkouts" };
            Ok(Checkout {
                id: CheckoutId::from_uuid(row.get(0)),
                merchant_id: MerchantId::from_uuid(row.get(1)),
                kind: CheckoutKind::from_code(row.get(2)).ok_or_else(corrupt)?,
                client_id: row.get(3),
                device: key(row, 4, "checkouts")?,
                session_id: row.get::<Option<Uuid>, _>(5).map(SessionId::from_uuid),
                shopper_id: row.get::<Option<Uuid>, _>(6).map(ShopperId::from_uuid),
                state: CheckoutState::from_code(row.get(7)).ok_or_else(corrupt)?,
                step: (
                    Step::from_code(row.get(8)).ok_or_else(corrupt)?,
                    Micros(row.get(9)),
                ),
                opened: Micros(row.get(10)),
                last: Micros(row.get(11)),
                ended: row.get::<Option<i64>, _>(12).map(Micros),
                recovered: row.get::<Option<i64>, _>(13).map(Micros),
                superseded_by: row.get::<Option<Uuid>, _>(14).map(CheckoutId::from_uuid),
                span: span(row, 15),
                sliding: row.get(16),
                announced: row.get(17),
                in_upsell: row.get(18),
            })
        }

        /// Loads what a case names, and what that points at.
        pub(super) async fn load(
            connection: &mut $connection,
            wanted: &Wanted,
        ) -> Result<World, Error> {
            let mut world = World::default();
            load_named(connection, wanted, &mut world).await?;
            load_subjects(connection, wanted, &mut world).await?;
            follow(connection, &mut world).await?;
            if let Some(since) = wanted.checkouts_since {
                load_rivals(connection, since, &mut world).await?;
                follow(connection, &mut world).await?;
            }
            Ok(world)
        }

        async fn load_named(
            connection: &mut $connection,
            wanted: &Wanted,
            world: &mut World,
        ) -> Result<(), Error> {
            let devices: Vec<_> = wanted.devices.iter().copied().collect();
            for row in named(connection, VISITOR, "visitors", "device", &devices).await? {
                let visitor = visitor(&row)?;
                world.visitors.load((visitor.merchant_id, visitor.device), visitor);
            }
            let sessions: Vec<_> = wanted.sessions.iter().copied().collect();
            for row in named(connection, SESSION, "sessions", "name", &sessions).await? {
                world.load_session(session(&row)?);
            }
            let checkouts: Vec<_> = wanted.checkouts.iter().map(|(m, _, k)| (*m, *k)).collect();
            for kind in [CheckoutKind::Store, CheckoutKind::Funnel] {
                let table = format!("(select * from checkouts where kind = {})", kind.code());
                for row in named(connection, CHECKOUT, &table, "name", &checkouts).await? {
                    world.load_checkout(checkout(&row)?);
                }
            }
            let people: Vec<_> = wanted.people.iter().copied().collect();
            let columns = "v.merchant_id, v.name, v.shopper_id";
            for row in named(connection, columns, "shopper_keys", "name", &people).await? {
                let at = (MerchantId::from_uuid(row.get(0)), key(&row, 1, "shopper_keys")?);
                world.shopper_keys.load(at, ShopperId::from_uuid(row.get(2)));
            }
            let told: Vec<_> = wanted.told_once.iter().copied().collect();
            let columns = "v.merchant_id, v.name";
            for row in named(connection, columns, "told_once", "name", &told).await? {
                let at = (MerchantId::from_uuid(row.get(0)), key(&row, 1, "told_once")?);
                world.told_once.load(at, ());
            }
            Ok(())
        }

        /// The subjects of timers.
        async fn load_subjects(
            connection: &mut $connection,
            wanted: &Wanted,
            world: &mut World,
        ) -> Result<(), Error> {
            let ids: BTreeSet<Uuid> = wanted.timers.iter().map(|timer| timer.subject).collect();
            let ids: Vec<Uuid> = ids.into_iter().collect();
            for row in by_id(connection, SESSION, "sessions", "id", &ids).await? {
                world.load_session(session(&row)?);
            }
            for row in by_id(connection, CHECKOUT, "checkouts", "id", &ids).await? {
                world.load_checkout(checkout(&row)?);
            }
            Ok(())
        }

        /// Loads what loaded rows point at, until nothing is missing.
        async fn follow(connection: &mut $connection, world: &mut World) -> Result<(), Error> {
            for _ in 0..LOOKS {
                let second = Second::of(world);
                if second.is_empty() {
                    break;
                }
                let sessions: Vec<_> = second.sessions.into_iter().collect();
                for row in by_id(connection, SESSION, "sessions", "id", &sessions).await? {
                    world.load_session(session(&row)?);
                }
                let shoppers: Vec<_> = second.shoppers.into_iter().collect();
                for row in by_id(connection, SHOPPER, "shoppers", "id", &shoppers).await? {
                    let shopper = shopper(&row);
                    world.shoppers.load(shopper.id, shopper);
                }
                let devices: Vec<_> = second.devices.into_iter().collect();
                for row in named(connection, VISITOR, "visitors", "device", &devices).await? {
                    let visitor = visitor(&row)?;
                    world.visitors.load((visitor.merchant_id, visitor.device), visitor);
                }
            }
            Ok(())
        }

        /// The other checkouts of the devices and people at hand: what a new one may supersede.
        async fn load_rivals(
            connection: &mut $connection,
            since: Micros,
            world: &mut World,
        ) -> Result<(), Error> {
            let devices: Vec<_> = world.visitors.all().map(|v| (v.merchant_id, v.device)).collect();
            let shoppers: Vec<Uuid> = world.shoppers.all().map(|shopper| shopper.id.uuid()).collect();
            for row in &rivals(connection, CHECKOUT, &devices, &shoppers, since).await? {
                let checkout = checkout(row)?;
                if world.checkouts.get(checkout.id).is_none() {
                    world.load_checkout(checkout);
                }
            }
            Ok(())
        }

        pub(super) fn activity(row: &$row) -> Result<Activity, Error> {
            let corrupt = || Error::Corrupt { what: "activities" };
            let kind = ActivityKind::from_code(row.get(1)).ok_or_else(corrupt)?;
            let body = Bytes::from(row.get::<Vec<u8>, _>(3));
            let id = ActivityId::from_uuid(row.get(0));
            Activity::read(id, kind, Micros(row.get(2)), body).map_err(|_| corrupt())
        }

        /// Saves everything that changed, but for the events.
        pub(super) async fn save(
            connection: &mut $connection,
            decision: &Decision,
        ) -> Result<(), Error> {
            let world = &decision.world;
            save_visitors(connection, world).await?;
            save_people(connection, world).await?;
            save_sessions(connection, world).await?;
            save_checkouts(connection, world).await?;
            save_timers(connection, world).await?;
            save_activities(connection, world).await?;
            save_causes(connection, &decision.causes).await
        }

        async fn save_people(connection: &mut $connection, world: &World) -> Result<(), Error> {
            let shoppers: Vec<&Shopper> = world.shoppers.changed().map(|(_, row)| row).collect();
            for rows in shoppers.chunks(ROWS) {
                let mut query = QueryBuilder::<$db>::new(
                    "insert into shoppers (id, merchant_id, contact_id, email, phone, dial_code, first_name, last_name, created_us) ",
                );
                query.push_values(rows, |mut row, shopper| {
                    row.push_bind(shopper.id.uuid())
                        .push_bind(shopper.merchant_id.uuid())
                        .push_bind(&shopper.contact_id)
                        .push_bind(&shopper.email)
                        .push_bind(&shopper.phone)
                        .push_bind(&shopper.dial_code)
                        .push_bind(&shopper.first_name)
                        .push_bind(&shopper.last_name)
                        .push_bind(shopper.created_at.0);
                });
                query.push(
                    " on conflict (id) do update set email = excluded.email, phone = excluded.phone,
                      dial_code = excluded.dial_code, first_name = excluded.first_name, last_name = excluded.last_name",
                );
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            let names: Vec<_> = world.shopper_keys.changed().collect();
            for rows in names.chunks(ROWS) {
                let mut query =
                    QueryBuilder::<$db>::new("insert into shopper_keys (merchant_id, name, shopper_id) ");
                query.push_values(rows, |mut row, ((merchant, name), id)| {
                    row.push_bind(merchant.uuid())
                        .push_bind(name.0.to_vec())
                        .push_bind(id.uuid());
                });
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            let told: Vec<_> = world.told_once.changed().map(|(key, ())| key).collect();
            for rows in told.chunks(ROWS) {
                let mut query = QueryBuilder::<$db>::new("insert into told_once (merchant_id, name) ");
                query.push_values(rows, |mut row, (merchant, name)| {
                    row.push_bind(merchant.uuid()).push_bind(name.0.to_vec());
                });
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            Ok(())
        }

        async fn save_checkouts(connection: &mut $connection, world: &World) -> Result<(), Error> {
            let checkouts: Vec<&Checkout> = world.checkouts.changed().map(|(_, row)| row).collect();
            for rows in checkouts.chunks(ROWS) {
                let mut query = QueryBuilder::<$db>::new(
                    "insert into checkouts (id, merchant_id, kind, name, client_id, device, session_id, shopper_id, state, step, step_us, opened_us, last_us, ended_us, recovered_us, superseded_by, span_us, sliding, announced, in_upsell) ",
                );
                query.push_values(rows, |mut row, checkout| {
                    row.push_bind(checkout.id.uuid())
                        .push_bind(checkout.merchant_id.uuid())
                        .push_bind(checkout.kind.code())
                        .push_bind(Key::checkout(&checkout.client_id).0.to_vec())
                        .push_bind(&checkout.client_id)
                        .push_bind(checkout.device.0.to_vec())
                        .push_bind(checkout.session_id.map(SessionId::uuid))
                        .push_bind(checkout.shopper_id.map(ShopperId::uuid))
                        .push_bind(checkout.state.code())
                        .push_bind(checkout.step.0.code())
                        .push_bind(checkout.step.1.0)
                        .push_bind(checkout.opened.0)
                        .push_bind(checkout.last.0)
                        .push_bind(checkout.ended.map(|at| at.0))
                        .push_bind(checkout.recovered.map(|at| at.0))
                        .push_bind(checkout.superseded_by.map(CheckoutId::uuid))
                        .push_bind(micros(checkout.span))
                        .push_bind(checkout.sliding)
                        .push_bind(checkout.announced)
                        .push_bind(checkout.in_upsell);
                });
                query.push(
                    " on conflict (id) do update set shopper_id = excluded.shopper_id, state = excluded.state,
                      step = excluded.step, step_us = excluded.step_us, opened_us = excluded.opened_us,
                      last_us = excluded.last_us, ended_us = excluded.ended_us, recovered_us = excluded.recovered_us,
                      superseded_by = excluded.superseded_by, announced = excluded.announced,
                      in_upsell = excluded.in_upsell",
                );
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            Ok(())
        }

        async fn save_timers(connection: &mut $connection, world: &World) -> Result<(), Error> {
            let set: Vec<_> = world.timers.values().flatten().collect();
            for rows in set.chunks(ROWS) {
                let mut query = QueryBuilder::<$db>::new(
                    "insert into timers (subject_id, kind, merchant_id, shard, due_us) ",
                );
                query.push_values(rows, |mut row, timer| {
                    row.push_bind(timer.id.subject)
                        .push_bind(timer.id.kind.code())
                        .push_bind(timer.merchant_id.uuid())
                        .push_bind(i16::from(timer.shard().number()))
                        .push_bind(timer.due.0);
                });
                query.push(" on conflict (subject_id, kind) do update set due_us = excluded.due_us");
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            // Kind by kind: SQLite reads the whole table for a list of pairs.
            let mut gone: BTreeMap<i16, Vec<Uuid>> = BTreeMap::new();
            for (id, _) in world.timers.iter().filter(|(_, timer)| timer.is_none()) {
                gone.entry(id.kind.code()).or_default().push(id.subject);
            }
            for (kind, subjects) in gone {
                for subjects in subjects.chunks(ROWS) {
                    let mut query = QueryBuilder::<$db>::new("delete from timers where kind = ");
                    query.push_bind(kind).push(" and subject_id in (");
                    let mut list = query.separated(", ");
                    for subject in subjects {
                        list.push_bind(*subject);
                    }
                    query.push(")");
                    query.build().persistent(false).execute(&mut *connection).await?;
                }
            }
            Ok(())
        }

        async fn save_causes(connection: &mut $connection, causes: &[Cause]) -> Result<(), Error> {
            for rows in causes.chunks(ROWS) {
                let mut query = QueryBuilder::<$db>::new(
                    "insert into fired_events (subject_id, event_id, activity_id) ",
                );
                query.push_values(rows, |mut row, cause| {
                    row.push_bind(cause.subject)
                        .push_bind(cause.event_id.uuid())
                        .push_bind(cause.activity_id.map(ActivityId::uuid));
                });
                query.build().persistent(false).execute(&mut *connection).await?;
            }
            Ok(())
        }

        pub(super) fn micros(span: Duration) -> i64 {
            i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
        }

        /// Loads, decides, loads what the decision misses, and decides again.
        pub(super) async fn work(
            connection: &mut $connection,
            case: &Case,
            left_out: LeftOut,
            decide: &Rule,
        ) -> Result<(Decision, LeftOut), Error> {
            // Retention counts seven days from there: they stay as long as it says of activities.
            let from = case.now + (ACTIVITY_KEYS - KEYS);
            let repeated = claim_keys(connection, &case.keys, from).await?;
            let left_out = LeftOut { repeated, ..left_out };
            let mut world = load(connection, &case.wanted).await?;
            loop {
                let decision = shielded(decide, &world, &left_out)?;
                let missing = decision.world.missing();
                if missing.is_empty() {
                    save(connection, &decision).await?;
                    return Ok((decision, left_out));
                }
                load_histories(connection, &missing, &mut world).await?;
            }
        }
    };
}
pub(super) use rows;
