//! What is measured, in the order it is measured in.

mod activities;
mod ceiling;
mod cost;
mod idle;
mod latency;
mod neighbour;
mod throughput;
mod timers;

use super::api::Api;
use super::arguments::Arguments;
use super::load::Load;
use super::observer::Observer;
use super::processes::{Mode, Receiver, System};
use super::report::{Report, print};

/// A measurement of a running Hookyard.
#[derive(Debug, Clone, Copy)]
enum Scenario {
    /// Doing nothing.
    Idle,
    /// Publishing as fast as it is accepted, whatever waits to be delivered.
    Accept,
    /// Delivering each event to so many endpoints, as fast as that goes.
    Deliver { endpoints: u32 },
    /// From publish call to receipt, at so many events a second.
    Latency { per_second: u32 },
    /// One merchant while the endpoint of another hangs. Last: that endpoint's retries stay.
    Neighbour,
    /// Taking in activities as fast as that goes. Alone.
    Activities,
    /// Many open sessions, some of which fall due. Alone.
    Timers,
}

impl Scenario {
    /// Whether it has a Hookyard of its own: it leaves much behind, or stops it.
    const fn is_alone(self) -> bool {
        matches!(self, Self::Activities | Self::Timers)
    }
}

/// All of them.
const SCENARIOS: [(&str, Scenario); 9] = [
    ("idle", Scenario::Idle),
    ("accept", Scenario::Accept),
    ("deliver-1", Scenario::Deliver { endpoints: 1 }),
    ("deliver-5", Scenario::Deliver { endpoints: 5 }),
    ("latency-100", Scenario::Latency { per_second: 100 }),
    ("latency-500", Scenario::Latency { per_second: 500 }),
    ("neighbour", Scenario::Neighbour),
    ("activities", Scenario::Activities),
    ("timers", Scenario::Timers),
];

/// The name of the measurement without Hookyard.
const CEILING: &str = "raw";

/// Measures once everything that `arguments` ask for.
pub(super) async fn run(arguments: &Arguments, report: &mut Report) {
    if arguments.wants(CEILING) {
        print(CEILING);
        ceiling::run(arguments, report).await;
    }
    for mode in [Mode::Cluster, Mode::Embedded] {
        let name = |scenario: &str| format!("{}/{scenario}", mode.name());
        let wanted = SCENARIOS
            .iter()
            .filter(|(scenario, _)| arguments.wants(&name(scenario)));
        let (alone, together): (Vec<_>, Vec<_>) =
            wanted.copied().partition(|(_, what)| what.is_alone());
        let alone = alone.into_iter().map(|one| vec![one]);
        for wanted in [together].into_iter().chain(alone) {
            if wanted.is_empty() {
                continue;
            }
            let mut bench = Bench {
                arguments,
                report,
                receiver: Receiver::start(),
                system: System::start(&arguments.binary, mode).await,
                sinks: 0,
            };
            for (scenario, what) in wanted {
                print(&name(scenario));
                bench.measure(what).await;
            }
        }
    }
}

/// One running Hookyard under measurement.
#[derive(Debug)]
struct Bench<'a> {
    arguments: &'a Arguments,
    report: &'a mut Report,
    receiver: Receiver,
    system: System,
    /// Paths of the receiver used so far. Each measurement has its own.
    sinks: u32,
}

impl Bench<'_> {
    async fn measure(&mut self, scenario: Scenario) {
        match scenario {
            Scenario::Idle => idle::run(self).await,
            Scenario::Accept => throughput::accept(self).await,
            Scenario::Deliver { endpoints } => throughput::deliver(self, endpoints).await,
            Scenario::Latency { per_second } => latency::run(self, per_second).await,
            Scenario::Neighbour => neighbour::run(self).await,
            Scenario::Activities => activities::run(self).await,
            Scenario::Timers => timers::run(self).await,
        }
    }

    /// A new merchant whose events go to `endpoints` endpoints. `action` is what the receiver does: `sink` or `hang`.
    async fn merchant(&mut self, name: &str, endpoints: u32, action: &str) -> (Load, Observer) {
        self.sinks += 1;
        let (receiver, sink) = (self.receiver.address, self.sinks);
        let url = |endpoint| format!("http://{receiver}/{action}/{sink}/{endpoint}");
        let urls: Vec<String> = (0..endpoints).map(url).collect();
        let mut api = Api::log_in(self.system.address).await;
        let load = Load {
            address: self.system.address,
            request: api.merchant(name, &urls).await,
            connections: self.arguments.connections,
        };
        (load, Observer::new(receiver, sink).await)
    }

    /// Adds a figure of this mode.
    fn add(&mut self, section: &str, name: &str, value: f64) {
        self.report
            .add(self.system.mode.name(), section, name, value);
    }
}

/// `count` as a figure.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark stay far below 2^53"
)]
const fn figure(count: u64) -> f64 {
    count as f64
}
