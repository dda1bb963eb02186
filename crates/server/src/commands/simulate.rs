//! `hookyard simulate`.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use bytes::Bytes;
use domain::error::FieldError;
use domain::trigger::simulation::{Simulation, Step, simulate};
use domain::trigger::timeline::EntryKind;

use crate::output::say;

/// Largest script that is read, in bytes.
const SCRIPT_MAX: u64 = 4 * 1024 * 1024;

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The script; `-` reads standard input
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// Print everything as JSON, payloads included
    #[arg(long)]
    json: bool,
}

/// Plays a script of activities in virtual time and prints what would fire. Nothing is stored or sent.
///
/// Errors: the script cannot be read, or something is wrong with it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let script = read(arguments)?;
    if arguments.json {
        say(admin::simulate(&script).map_err(|errors| refuse(&errors))?);
    } else {
        say(table(&simulate(&script).map_err(|errors| refuse(&errors))?));
    }
    Ok(())
}

fn read(arguments: &Arguments) -> anyhow::Result<Bytes> {
    let mut script = Vec::new();
    let path = &arguments.script;
    if path.as_os_str() == "-" {
        let mut input = std::io::stdin().lock().take(SCRIPT_MAX + 1);
        input.read_to_end(&mut script).context("read the script")?;
    } else {
        let file = std::fs::File::open(path);
        let file = file.with_context(|| format!("open {}", path.display()))?;
        file.take(SCRIPT_MAX + 1)
            .read_to_end(&mut script)
            .with_context(|| format!("read {}", path.display()))?;
    }
    anyhow::ensure!(
        script.len() as u64 <= SCRIPT_MAX,
        "the script has more than 4 MiB"
    );
    Ok(script.into())
}

fn refuse(errors: &[FieldError]) -> anyhow::Error {
    let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
    anyhow::anyhow!("the script is wrong:\n{}", lines.join("\n"))
}

/// One line for each thing that happened; under an event its id.
fn table(played: &Simulation) -> String {
    let mut lines: Vec<String> = played.name.iter().map(|name| format!("{name}\n")).collect();
    let mut date = String::new();
    for step in &played.steps {
        let at = step.at.rfc3339();
        let (day, time) = at.split_at(10);
        if date != day {
            day.clone_into(&mut date);
            lines.push(format!("{day} (UTC)"));
        }
        lines.extend(rows(step, time));
    }
    let fired = played.steps.iter().filter(|step| step.event.is_some());
    lines.push(match fired.count() {
        0 => "\nNo event fires.".to_owned(),
        1 => "\n1 event fires.".to_owned(),
        count => format!("\n{count} events fire."),
    });
    lines.join("\n")
}

fn rows(step: &Step, time: &str) -> Vec<String> {
    let time = time.trim_start_matches('T').trim_end_matches('Z');
    let time = time.strip_suffix(".000").unwrap_or(time);
    let mark = match step.kind {
        EntryKind::Activity => "does  ",
        EntryKind::State => "state ",
        EntryKind::Timer => "timer ",
        EntryKind::Event => "EVENT ",
    };
    let mut rows = vec![format!("{time:<12} {mark} {}", step.text)];
    if let Some(event) = &step.event {
        rows.push(format!("{:<12}        event_id {}", "", event.event_id));
    }
    rows
}
