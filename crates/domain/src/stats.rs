//! Figures over time: how many events there were, how many attempts, how those ended and how long they took.
//! Kept as counts of short slots, never as rows of their own, so that a month of a busy endpoint is read at once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::attempt::Outcome;
use crate::clock::Micros;

/// Upper bounds of the classes that durations are counted in, in milliseconds. The last takes all that is longer.
const CLASSES: [u32; 34] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000,
    3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 60_000, 300_000, 900_000, 3_600_000,
    14_400_000, 43_200_000, 86_400_000,
];

/// The class of a duration, by its upper bound in milliseconds.
pub fn class_of(took: Duration) -> u32 {
    let micros = took.as_micros();
    let last = CLASSES[CLASSES.len() - 1];
    CLASSES
        .into_iter()
        .find(|bound| micros <= u128::from(*bound) * 1_000)
        .unwrap_or(last)
}

/// How long the slots are that something is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// For the last hour.
    Minute,
    /// For everything longer.
    Hour,
}

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Hour];

    /// Its length.
    pub const fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    /// How long its slots are kept: a little longer than they are shown.
    pub const fn kept(self) -> Duration {
        match self {
            Self::Minute => Duration::from_hours(3),
            Self::Hour => Duration::from_hours(24 * 32),
        }
    }
}

/// The start of the slot of this length that `at` is in.
pub fn slot_of(at: Micros, length: Duration) -> Micros {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    Micros(at.0.div_euclid(length) * length)
}

/// What figures may be asked for: a span of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// An hour, minute by minute.
    Hour,
    /// 24 hours, hour by hour.
    #[default]
    Day,
    /// Seven days, hour by hour.
    Week,
    /// Thirty days, in steps of six hours.
    Month,
}

impl Range {
    /// All of them, shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The slots it is made of.
    pub const fn span(self) -> Span {
        match self {
            Self::Hour => Span::Minute,
            Self::Day | Self::Week | Self::Month => Span::Hour,
        }
    }

    /// The distance of two points.
    pub const fn step(self) -> Duration {
        match self {
            Self::Hour => Duration::from_mins(1),
            Self::Day | Self::Week => Duration::from_hours(1),
            Self::Month => Duration::from_hours(6),
        }
    }

    const fn points(self) -> u32 {
        match self {
            Self::Hour => 60,
            Self::Day => 24,
            Self::Week => 168,
            Self::Month => 120,
        }
    }

    /// Its points, by the start of each: the last is the one that `now` is in.
    pub fn starts(self, now: Micros) -> Vec<Micros> {
        let last = slot_of(now, self.step());
        (0..self.points())
            .rev()
            .map(|back| last - self.step() * back)
            .collect()
    }
}

/// A count out of one slot: events, or attempts that ended alike and took about as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The start of its slot.
    pub slot: Micros,
    /// What was counted.
    pub what: What,
    /// How many.
    pub count: u64,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Events that happened.
    Events,
    /// Attempts.
    Attempts {
        /// Whether the receiver took them.
        succeeded: bool,
        /// The class of what they took, by its upper bound in milliseconds.
        class: u32,
    },
    /// Timers that have fired.
    Timers {
        /// The class of how late they were, by its upper bound in milliseconds.
        class: u32,
    },
}

impl What {
    /// Attempts with this outcome.
    pub fn attempts(outcome: Outcome, class: u32) -> Self {
        Self::Attempts {
            succeeded: outcome == Outcome::Success,
            class,
        }
    }
}

/// A sum of counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events that happened.
    pub events: u64,
    /// Attempts that the receiver took.
    pub succeeded: u64,
    /// Attempts that it did not.
    pub failed: u64,
    /// Timers that have fired.
    pub timers: u64,
    /// Attempts by the class of what they took.
    durations: BTreeMap<u32, u64>,
    /// Timers by the class of how late they were.
    lateness: BTreeMap<u32, u64>,
}

impl Tally {
    /// Adds a count.
    pub fn add(&mut self, what: What, count: u64) {
        match what {
            What::Events => self.events += count,
            What::Attempts { succeeded, class } => {
                *self.durations.entry(class).or_default() += count;
                if succeeded {
                    self.succeeded += count;
                } else {
                    self.failed += count;
                }
            }
            What::Timers { class } => {
                *self.lateness.entry(class).or_default() += count;
                self.timers += count;
            }
        }
    }

    /// What `share` (0 to 1) of the attempts took at most, in milliseconds; within a class as if they were spread
    /// evenly. `None` without attempts.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        percentile(&self.durations, share)
    }

    /// How late `share` (0 to 1) of the timers were at most, in milliseconds. `None` without timers.
    pub fn late(&self, share: f64) -> Option<f64> {
        percentile(&self.lateness, share)
    }

    fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.timers += other.timers;
        for (mine, theirs) in [
            (&mut self.durations, &other.durations),
            (&mut self.lateness, &other.lateness),
        ] {
            for (class, count) in theirs {
                *mine.entry(*class).or_default() += count;
            }
        }
    }
}

fn percentile(classes: &BTreeMap<u32, u64>, share: f64) -> Option<f64> {
    let total: u64 = classes.values().sum();
    if total == 0 {
        return None;
    }
    let wanted = exact(total) * share;
    let mut below = 0.0;
    for (bound, count) in classes {
        let within = exact(*count);
        if below + within >= wanted {
            let floor = CLASSES.into_iter().rfind(|class| class < bound);
            let floor = f64::from(floor.unwrap_or(0));
            let part = ((wanted - below) / within).clamp(0.0, 1.0);
            return Some(floor + (f64::from(*bound) - floor) * part);
        }
        below += within;
    }
    classes.keys().last().map(|bound| f64::from(*bound))
}

#[expect(clippy::cast_precision_loss, reason = "counts, for a chart")]
const fn exact(count: u64) -> f64 {
    count as f64
}

/// Sums counts into the points of a range. What lies outside is left out.
pub fn series(range: Range, now: Micros, counts: &[Counted]) -> Vec<(Micros, Tally)> {
    let mut points: BTreeMap<Micros, Tally> = range
        .starts(now)
        .into_iter()
        .map(|start| (start, Tally::default()))
        .collect();
    for counted in counts {
        if let Some(tally) = points.get_mut(&slot_of(counted.slot, range.step())) {
            tally.add(counted.what, counted.count);
        }
    }
    points.into_iter().collect()
}

/// The sum of all points.
pub fn total(points: &[(Micros, Tally)]) -> Tally {
    let mut total = Tally::default();
    for (_, tally) in points {
        total.merge(tally);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-05-07T10:00:00Z.
    const TEN: Micros = Micros(1_778_148_000_000_000);

    #[test]
    fn a_duration_belongs_to_the_first_class_that_holds_it() {
        for (took, class) in [
            (Duration::ZERO, 1),
            (Duration::from_millis(1), 1),
            (Duration::from_micros(1_001), 2),
            (Duration::from_millis(10), 10),
            (Duration::from_millis(999), 1_000),
            (Duration::from_mins(10), 900_000),
            (Duration::from_hours(100), 86_400_000),
        ] {
            assert_eq!(class_of(took), class, "{took:?}");
        }
    }

    #[test]
    fn a_range_ends_with_the_slot_of_now() {
        let now = TEN + Duration::from_mins(17);
        for (range, first, count) in [
            (Range::Hour, now - Duration::from_mins(59), 60),
            (Range::Day, TEN - Duration::from_hours(23), 24),
            (Range::Week, TEN - Duration::from_hours(167), 168),
        ] {
            let starts = range.starts(now);
            assert_eq!((starts[0], starts.len()), (first, count), "{range:?}");
        }
        // Days of six hours each begin at midnight UTC.
        let starts = Range::Month.starts(now);
        assert_eq!(starts.last(), Some(&(TEN - Duration::from_hours(4))));
    }

    #[test]
    fn percentiles_lie_within_their_class() {
        let mut tally = Tally::default();
        tally.add(What::attempts(Outcome::Success, 10), 90);
        tally.add(What::attempts(Outcome::HttpStatus, 300), 10);
        assert_eq!((tally.succeeded, tally.failed), (90, 10));
        let close = |share: f64, wanted: f64| {
            let found = tally.percentile(share).unwrap_or_default();
            assert!((found - wanted).abs() < 0.01, "{share}: {found}");
        };
        close(0.45, 8.5);
        close(0.9, 10.0);
        close(0.95, 250.0);
        close(1.0, 300.0);
        assert_eq!(Tally::default().percentile(0.5), None);
        // Timers are counted apart.
        assert_eq!(tally.late(0.5), None);
        tally.add(What::Timers { class: 2_000 }, 4);
        assert_eq!((tally.timers, tally.late(1.0)), (4, Some(2_000.0)));
        assert_eq!((tally.succeeded, tally.failed), (90, 10));
    }

    #[test]
    fn counts_fall_into_the_points_of_their_time() {
        let now = TEN + Duration::from_mins(30);
        let count = |slot, count| Counted {
            slot,
            what: What::Events,
            count,
        };
        let points = series(
            Range::Day,
            now,
            &[
                count(TEN, 3),
                count(TEN - Duration::from_hours(23), 2),
                // Older than the range.
                count(TEN - Duration::from_hours(24), 7),
            ],
        );
        assert_eq!(points[23].1.events, 3);
        assert_eq!(points[0].1.events, 2);
        assert_eq!(total(&points).events, 5);
    }
}
