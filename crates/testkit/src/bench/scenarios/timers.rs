//! What a million open sessions take, and how late those are told of whose time has come.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros, SystemClock};
use tokio::time::{Instant, sleep};

use super::activities::add_latency;
use super::{Bench, figure, latency};
use crate::bench::latency::Latency;
use crate::bench::load::{Load, Sent};
use crate::bench::observer::Observer;
use crate::bench::recording::{Recorded, Recording, Rhythm};
use crate::bench::sessions::Firing;

const SECTION: &str = "timers";
/// Merchants among whom the sessions are.
const MERCHANTS: u32 = 8;
/// Open sessions for each second that a measurement is to take: 1,000,000 in the usual ten.
const SESSIONS: u64 = 100_000;
/// Those that fall due, likewise: 50,000 within a minute.
const DUE: u64 = 5_000;
/// The time in which they do, likewise.
const DUE_WITHIN: Duration = Duration::from_secs(6);
/// Sessions that one call opens.
const BATCH: u64 = 1_000;
/// Connections that open them.
const CONNECTIONS: usize = 8;
/// Events a second of another merchant meanwhile.
const EVENTS: u32 = 50;
/// Activities a second of a third one meanwhile, one at a time.
const ACTIVITIES: u32 = 200;
/// From the start to the first deadline, besides the time in which the other traffic is measured alone.
const HEADWAY: Duration = Duration::from_secs(10);
/// How long the last ones may take, at the most.
const PATIENCE: Duration = Duration::from_mins(5);

/// Opens sessions, starts Hookyard again, and lets some of them fall due beside other traffic.
pub(super) async fn run(bench: &mut Bench<'_>) {
    let scale = bench.arguments.seconds.max(1);
    open_sessions(bench, SESSIONS * scale).await;
    bench.add(
        SECTION,
        "resident MiB: sessions opened",
        bench.system.resident_mib(),
    );

    bench.system.stop("KILL");
    let ready = bench.system.start_again();
    bench.add(SECTION, "ready after a kill, s", ready.as_secs_f64());
    sleep(Duration::from_secs(1)).await;
    bench.add(
        SECTION,
        "resident MiB: started again",
        bench.system.resident_mib(),
    );

    let (events, observer) = bench.merchant("others", 1, "sink").await;
    let others = Others {
        events,
        observer,
        activities: Recording {
            shoppers: Arc::new(bench.shops("visited", 1, 20).await),
            connections: 16,
            batch: 1,
        },
        expected: 0,
    };
    bench.system.stop("TERM");
    let due = DUE * scale;
    let within = DUE_WITHIN * u32::try_from(scale).expect("some seconds");
    let alone = bench.arguments.length();
    let from = SystemClock.now() + HEADWAY + alone + moving(due);
    let mut database = bench.system.database().await;
    database.let_fall_due(due, from, within).await;
    bench.add(
        SECTION,
        "open sessions",
        figure_of(database.open_sessions().await),
    );
    drop(database);
    bench.system.start_again();
    fall_due(bench, others, from, within).await;

    bench.system.stop("TERM");
    let firings = bench.system.database().await.firings().await;
    bench.add(SECTION, "fell due", figure(due));
    report(bench, &firings);
}

/// How long it may take to move so many deadlines in the database.
fn moving(due: u64) -> Duration {
    Duration::from_secs(5) + Duration::from_micros(200) * u32::try_from(due).expect("few")
}

async fn open_sessions(bench: &mut Bench<'_>, count: u64) {
    let recording = Recording {
        shoppers: Arc::new(bench.shops(SECTION, MERCHANTS, 1).await),
        connections: CONNECTIONS,
        batch: BATCH,
    };
    let opened = recording.run(Rhythm::Calls(count / BATCH)).await;
    assert_eq!(
        opened.accepted, count,
        "every session is opened: {opened:?}"
    );
    bench.add(
        SECTION,
        "sessions opened/s",
        figure(opened.accepted) / opened.seconds,
    );
}

/// What other merchants do.
struct Others {
    events: Load,
    observer: Observer,
    activities: Recording,
    expected: u64,
}

impl Others {
    /// Goes on for so long.
    async fn go_on(&mut self, length: Duration) -> (Sent, Recorded) {
        let (sent, recorded) = tokio::join!(
            self.events.pace(EVENTS, length),
            self.activities.run(Rhythm::Paced(ACTIVITIES, length)),
        );
        self.expected += sent.accepted;
        (sent, recorded)
    }

    /// Tells of what went on.
    async fn report(&mut self, bench: &mut Bench<'_>, when: &str, what: (Sent, Recorded)) {
        self.observer.drain(self.expected).await;
        let (sent, recorded) = what;
        let summary = self.observer.summary(sent.from, sent.to).await;
        latency::add(bench, SECTION, when, &summary);
        add_latency(bench, SECTION, ("activity call", when), recorded.latency);
        let refused = figure(sent.refused + recorded.refused);
        bench.add(SECTION, &format!("refused calls{when}"), refused);
    }
}

/// Other traffic alone, and while sessions fall due; then waits until all of them are told of.
async fn fall_due(bench: &mut Bench<'_>, mut others: Others, from: Micros, within: Duration) {
    let alone = bench.arguments.length();
    others.go_on(Duration::from_secs(1)).await;
    let before = others.go_on(alone).await;
    others.report(bench, " before", before).await;
    let early = from.0 - SystemClock.now().0;
    assert!(early > 0, "moving the deadlines took too long: {early} us");
    sleep(Duration::from_micros(early.unsigned_abs())).await;

    let cpu_seconds = bench.system.cpu_seconds();
    let during = others.go_on(within + Duration::from_secs(1)).await;
    let used = bench.system.cpu_seconds();
    others.report(bench, " during", during).await;
    for (part, index) in [("Hookyard", 0), ("PostgreSQL", 1)] {
        if used[index] > 0.0 {
            let share = (used[index] - cpu_seconds[index]) / within.as_secs_f64();
            bench.add(
                SECTION,
                &format!("CPU ms per s during: {part}"),
                share * 1e3,
            );
        }
    }
    bench.add(
        SECTION,
        "resident MiB: fallen due",
        bench.system.resident_mib(),
    );
    let end = Instant::now() + PATIENCE;
    let mut database = bench.system.database().await;
    while database.waiting_before(from + within).await > 0 && Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
    }
}

fn report(bench: &mut Bench<'_>, firings: &[Firing]) {
    bench.add(SECTION, "fired", figure(firings.len() as u64));
    let late_us = |at: fn(&Firing) -> Micros| {
        let late = firings
            .iter()
            .map(move |firing| at(firing).0 - firing.deadline.0);
        late.collect::<Vec<i64>>()
    };
    let (decided, sent) = (
        late_us(|firing| firing.decided),
        late_us(|firing| firing.sent),
    );
    // An id tells milliseconds: one of the deadline's own millisecond is not early.
    let pairs = decided.iter().zip(&sent);
    let early = pairs.filter(|(decided, sent)| **decided <= -1_000 || **sent < 0);
    let early = early.count();
    bench.add(SECTION, "fired early", figure(early as u64));
    for (what, late) in [("decided", decided), ("sent", sent)] {
        let late = late
            .into_iter()
            .map(|us| u32::try_from(us.max(0)).unwrap_or(u32::MAX));
        let what = format!("lateness until {what}");
        add_latency(bench, SECTION, (&what, ""), Latency::of(late.collect()));
    }
}

fn figure_of(count: i64) -> f64 {
    figure(u64::try_from(count).unwrap_or(0))
}
