//! What the generator and the receiver do without Hookyard between them: no figure of this machine can be better.

use super::{Arguments, CEILING, Report, figure};
use crate::bench::cpu;
use crate::bench::load::Load;
use crate::bench::processes::Receiver;
use crate::bench::report::COLUMNS;
use crate::bench::request::Request;

/// Publishes straight to the receiver.
pub(super) async fn run(arguments: &Arguments, report: &mut Report) {
    let receiver = Receiver::start();
    let load = Load {
        address: receiver.address,
        request: Request::direct(receiver.address, "/sink/1"),
        connections: arguments.connections,
    };
    let cpu_seconds = || {
        [
            cpu::process_seconds(std::process::id()),
            receiver.cpu_seconds(),
        ]
    };
    let (before, machine) = (cpu_seconds(), cpu::Machine::now());
    let sent = load.saturate(arguments.length(), None).await;
    let after = cpu_seconds();
    let requests = figure(sent.accepted);
    let mut add = |name: &str, value| report.add(COLUMNS[0], CEILING, name, value);
    add("requests/s", requests / sent.seconds());
    add(
        "generator CPU us per request",
        (after[0] - before[0]) / requests * 1e6,
    );
    add(
        "receiver CPU us per request",
        (after[1] - before[1]) / requests * 1e6,
    );
    add(
        "steal %",
        cpu::Machine::now().since(&machine).steal_percent(),
    );
}
