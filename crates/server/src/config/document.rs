//! The settings as documents: the commented default file, the reference page, and what is in force.

use std::fmt::Write as _;

use super::keys::{KEYS, Key, Kind, SECTIONS};
use super::layers::Values;
use super::value::parts;

/// Columns of a comment line.
const WIDTH: usize = 100;

/// `config.default.toml`: every setting with its meaning, commented out where it has no default.
pub(crate) fn default_toml() -> String {
    let mut out = String::from(
        "# Every setting of Hookyard and its default. Made by `make gen`: do not edit.\n\
         # A flag wins over the environment (HOOKYARD_ before the name, __ between section and name), which\n\
         # wins over the file that --config or HOOKYARD_CONFIG names, which wins over the default.\n",
    );
    sections(&mut out, |out, key| {
        comment(out, key.doc);
        let value = if key.default.is_empty() && !key.kind.is_list() {
            format!("#{} = \"\"", name(key))
        } else {
            format!("{} = {}", name(key), toml_value(key.kind, key.default))
        };
        line(out, &format!("{value}\n"));
    });
    out
}

/// `docs/settings.md`.
pub(crate) fn reference() -> String {
    let mut out = String::from(
        "# Settings\n\n\
         Made by `make gen` from `crates/server/src/config/keys.rs`: do not edit.\n\n\
         A flag (`--set section.name=value`, `--listen`, `--data-dir`) wins over the environment, which wins over\n\
         the TOML file that `--config` or `HOOKYARD_CONFIG` names, which wins over the default. Secrets may also be\n\
         read from a file: add `_FILE` to the variable, or `_file` to the key. Durations are `250ms`, `90s`, `15m`,\n\
         `2h`, `30d`; lists are separated by commas, and an empty one is none. An unknown key is an error.\n\
         `hookyard config` prints what is in force and where each value came from.\n",
    );
    for (section, about) in SECTIONS {
        let title = if section.is_empty() {
            "General"
        } else {
            section
        };
        line(&mut out, &format!("\n## {title}\n\n{about}\n"));
        line(
            &mut out,
            "| variable | takes | default | meaning |\n|---|---|---|---|",
        );
        for key in keys_of(section) {
            let default = if key.default.is_empty() {
                "none".to_owned()
            } else {
                format!("`{}`", key.default)
            };
            let file = if key.kind.is_secret() {
                " (`_FILE`)"
            } else {
                ""
            };
            let row = format!(
                "| `{}`{file} | {} | {default} | {} |",
                key.variable(),
                key.kind.name(),
                key.doc
            );
            line(&mut out, &row);
        }
    }
    out
}

/// What is in force, as TOML, each value with its source, secrets masked.
pub(crate) fn effective_toml(values: &Values) -> String {
    let mut out = String::new();
    sections(&mut out, |out, key| {
        let (text, source) = values.entry(key.path);
        let shown = toml_value(key.kind, &masked(key.kind, text));
        let hidden = if text.is_empty() && !key.kind.is_list() {
            "#"
        } else {
            ""
        };
        line(out, &format!("{hidden}{} = {shown} # {source}", name(key)));
    });
    out
}

/// What is in force, for operators: each value with its source, secrets masked.
pub(crate) fn shown(values: &Values) -> Vec<admin::ShownSetting> {
    let shown = |key: &'static Key| {
        let (text, source) = values.entry(key.path);
        admin::ShownSetting {
            key: key.path,
            value: masked(key.kind, text),
            source: source.to_string(),
        }
    };
    KEYS.iter().map(shown).collect()
}

/// Writes each section's head, and each of its keys by `write`.
fn sections(out: &mut String, mut write: impl FnMut(&mut String, &Key)) {
    for (section, about) in SECTIONS {
        if section.is_empty() {
            line(out, "");
        } else {
            line(out, &format!("\n# {about}\n[{section}]"));
        }
        for key in keys_of(section) {
            write(out, key);
        }
    }
}

fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter()
        .filter(move |key| key.path.rsplit_once('.').map_or("", |(head, _)| head) == section)
}

fn name(key: &Key) -> &str {
    key.path.rsplit_once('.').map_or(key.path, |(_, name)| name)
}

fn toml_value(kind: Kind, text: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    match kind {
        Kind::Bool | Kind::Number
            if text.parse::<u64>().is_ok() || text.parse::<bool>().is_ok() =>
        {
            text.to_owned()
        }
        Kind::Durations | Kind::List => format!(
            "[{}]",
            parts(text).map(quoted).collect::<Vec<_>>().join(", ")
        ),
        _ => quoted(text),
    }
}

fn masked(kind: Kind, text: &str) -> String {
    const MASK: &str = "[redacted]";
    match kind {
        Kind::Secret if !text.is_empty() => MASK.to_owned(),
        Kind::SecretUrl => masked_url(text).unwrap_or_else(|| MASK.to_owned()),
        _ => text.to_owned(),
    }
}

/// The URL without its password; `None` when one may be anywhere in it.
fn masked_url(url: &str) -> Option<String> {
    let Some((head, rest)) = url.split_once("://") else {
        return Some(url.to_owned());
    };
    if rest.to_lowercase().contains("password") {
        return None;
    }
    let Some((login, place)) = rest.rsplit_once('@') else {
        return Some(url.to_owned());
    };
    let user = login.split_once(':').map_or(login, |(user, _)| user);
    Some(format!("{head}://{user}:[redacted]@{place}"))
}

fn comment(out: &mut String, text: &str) {
    let mut row = String::from("#");
    for word in text.split_whitespace() {
        if row.len() + 1 + word.len() > WIDTH {
            line(out, &row);
            row = String::from("#");
        }
        row.push(' ');
        row.push_str(word);
    }
    line(out, &row);
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    writeln!(out, "{text}").ok();
}
