//! The benchmark behind `make bench`.
//!
//! It starts its own `PostgreSQL` and Redis, the `hookyard` binary it is given, and a receiver in a process of its own, and
//! prints what it measures beside what the same generator reaches when it talks to that receiver directly.
//!
//! `scenarios.rs` lists what is measured. To add a measurement: a file in `scenarios/` and a line in that list.

mod api;
mod arguments;
mod browsing;
mod client;
mod cpu;
mod database;
mod head;
mod latency;
mod load;
mod machine;
mod metrics;
mod observer;
mod processes;
mod receiver;
mod recording;
mod report;
mod request;
mod scenarios;
mod sessions;
mod sink;

use clap::Parser as _;

use self::arguments::Arguments;
use self::report::Report;

/// Runs the benchmark that the command line asks for, or the receiver when it asks for that.
pub async fn run() {
    let arguments = Arguments::parse();
    if arguments.receiver {
        return receiver::serve().await;
    }
    let machine = machine::describe(&arguments.binary).await;
    report::print(&machine.text());
    let before = cpu::Machine::now();
    let mut report = Report::default();
    for run in 1..=arguments.runs {
        report::print(&format!("run {run} of {}", arguments.runs));
        scenarios::run(&arguments, &mut report).await;
    }
    let noise = cpu::Machine::now().since(&before).text();
    if let Some(path) = &arguments.json {
        let json = report.json(&machine, &noise);
        std::fs::write(path, json).expect("a file to write the figures to");
    }
    let table = if arguments.markdown {
        report.markdown(&machine, &noise)
    } else {
        format!("{}\n{noise}", report.text())
    };
    report::print(&table);
}
