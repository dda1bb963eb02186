//! Percentiles of times.

/// What a set of latencies comes to, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Latency {
    /// How many there were.
    pub(super) count: usize,
    /// Half were no longer than this.
    pub(super) p50_us: u32,
    /// All but one in a hundred were no longer than this.
    pub(super) p99_us: u32,
    /// The longest.
    pub(super) max_us: u32,
}

impl Latency {
    /// Of these; `None` when there are none.
    pub(super) fn of(mut samples: Vec<u32>) -> Option<Self> {
        samples.sort_unstable();
        Some(Self {
            count: samples.len(),
            p50_us: percentile(&samples, 50)?,
            p99_us: percentile(&samples, 99)?,
            max_us: *samples.last()?,
        })
    }
}

/// The smallest sample that `percent` % of all do not exceed. `sorted` is in rising order.
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_that_enough_others_do_not_exceed() {
        let latency = Latency::of((1..=200).rev().collect()).unwrap();
        assert_eq!(
            (latency.p50_us, latency.p99_us, latency.max_us),
            (100, 198, 200)
        );
        let latency = Latency::of(vec![7]).unwrap();
        assert_eq!((latency.count, latency.p50_us, latency.p99_us), (1, 7, 7));
    }

    #[test]
    fn nothing_has_no_latency() {
        assert_eq!(Latency::of(Vec::new()), None);
    }
}
