//! The list of bad inputs, and what this suite says to each of its entries.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::Value;
use testkit::fixtures::BAD_INPUTS;
use testkit::rest::Answer;
use testkit::server::Mode;

use super::scene::Scene;

/// Sends the input and returns the answer, having checked all that status and problem do not tell.
type Run = Box<dyn for<'a> Fn(&'a Scene) -> LocalBoxFuture<'a, Answer>>;

/// One entry of the list.
#[derive(Deserialize)]
struct Given {
    id: String,
    group: String,
    input: String,
    /// A number, or some with a slash between them.
    status: Value,
    /// `-` where there is none.
    problem: String,
}

/// What the suite says to an entry.
pub(super) struct Entry {
    id: &'static str,
    kind: Kind,
}

enum Kind {
    /// It is met as the list says.
    Case(Run),
    /// The contract, or the words of the design, ask for another answer.
    Instead {
        status: u16,
        /// Empty for a success, and for what the HTTP library refuses before there is a request.
        problem: &'static str,
        because: &'static str,
        run: Run,
    },
    /// It cannot be provoked from outside; a test within the code proves it.
    Within {
        file: &'static str,
        test: &'static str,
    },
    /// It is about something that the design does not have.
    NotOurs(&'static str),
}

/// An entry that is met as the list says.
pub(super) fn case(
    id: &'static str,
    run: impl for<'a> Fn(&'a Scene) -> LocalBoxFuture<'a, Answer> + 'static,
) -> Entry {
    let kind = Kind::Case(Box::new(run));
    Entry { id, kind }
}

/// An entry that is met with another status and problem, and why.
pub(super) fn instead(
    id: &'static str,
    (status, problem): (u16, &'static str),
    because: &'static str,
    run: impl for<'a> Fn(&'a Scene) -> LocalBoxFuture<'a, Answer> + 'static,
) -> Entry {
    let kind = Kind::Instead {
        status,
        problem,
        because,
        run: Box::new(run),
    };
    Entry { id, kind }
}

/// An entry that a test of the code itself proves; `file` from the top of the repository.
pub(super) const fn within(id: &'static str, file: &'static str, test: &'static str) -> Entry {
    let kind = Kind::Within { file, test };
    Entry { id, kind }
}

/// An entry about something that the design does not have.
pub(super) const fn not_ours(id: &'static str, because: &'static str) -> Entry {
    let kind = Kind::NotOurs(because);
    Entry { id, kind }
}

fn list() -> BTreeMap<String, Given> {
    let all: Vec<Given> = serde_json::from_str(BAD_INPUTS).expect("a list of bad inputs");
    let count = all.len();
    let all: BTreeMap<_, _> = all.into_iter().map(|one| (one.id.clone(), one)).collect();
    assert_eq!(all.len(), count, "an id stands twice in the list");
    all
}

/// Checks that each entry of the list has one answer, and prints those that are no cases.
pub(super) fn check(answers: &[Entry]) {
    let list = list();
    let mut faults = Vec::new();
    for (id, given) in &list {
        let found = answers.iter().filter(|entry| entry.id == *id).count();
        if found != 1 {
            faults.push(format!("{id} has {found} answers: {}", given.input));
        }
    }
    for entry in answers {
        if !list.contains_key(entry.id) {
            faults.push(format!("{} is not in the list", entry.id));
        }
        if let Kind::Within { file, test } = entry.kind {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(file);
            let code = std::fs::read_to_string(path).unwrap_or_default();
            if !code.contains(&format!("fn {test}(")) {
                faults.push(format!("{}: there is no {test} in {file}", entry.id));
            }
        }
    }
    for entry in answers {
        let input = list.get(entry.id).map_or("", |given| &*given.input);
        match &entry.kind {
            Kind::Case(_) => {}
            Kind::Instead {
                status,
                problem,
                because,
                ..
            } => eprintln!("{} {input}: {status} {problem}: {because}", entry.id),
            Kind::Within { file, test } => eprintln!("{} {input}: {test} in {file}", entry.id),
            Kind::NotOurs(because) => eprintln!("{} {input}: not ours: {because}", entry.id),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Plays the cases of a group on one server and tells of all that fail.
pub(super) async fn play(mode: Mode, group: &str, entries: Vec<Entry>) {
    let list = list();
    let scene = Scene::start(mode).await;
    let mut failed = Vec::new();
    for entry in entries {
        let given = &list[entry.id];
        assert_eq!(given.group, group, "{}", entry.id);
        let (run, wanted) = match entry.kind {
            Kind::Case(run) => (run, wanted(given)),
            Kind::Instead {
                status,
                problem,
                run,
                ..
            } => (run, (vec![status], problem.to_owned())),
            _ => continue,
        };
        let played = AssertUnwindSafe(run(&scene)).catch_unwind().await;
        let fault = match played {
            Ok(answer) => fault(&answer, &wanted),
            Err(panic) => Some(words(&*panic)),
        };
        failed.extend(fault.map(|fault| format!("{} {}: {fault}", entry.id, given.input)));
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// The statuses and the problem that the list asks for.
fn wanted(given: &Given) -> (Vec<u16>, String) {
    let statuses = match &given.status {
        Value::String(several) => several.split('/').map(str::to_owned).collect(),
        one => vec![one.to_string()],
    };
    let statuses = statuses.iter().map(|text| text.parse().expect("a status"));
    let problem = match &*given.problem {
        "-" => String::new(),
        slug => slug.to_owned(),
    };
    (statuses.collect(), problem)
}

/// What is wrong with an answer.
fn fault(answer: &Answer, (statuses, problem): &(Vec<u16>, String)) -> Option<String> {
    let body = String::from_utf8_lossy(&answer.body);
    let shown: String = body.chars().take(300).collect();
    if !statuses.contains(&answer.status) {
        return Some(format!(
            "{} instead of {statuses:?}: {shown}",
            answer.status
        ));
    }
    if problem.is_empty() {
        return None;
    }
    let check = AssertUnwindSafe(|| answer.problem(answer.status));
    match std::panic::catch_unwind(check) {
        Ok(slug) if slug == *problem => None,
        Ok(slug) => Some(format!("{slug} instead of {problem}: {shown}")),
        Err(panic) => Some(words(&*panic)),
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
