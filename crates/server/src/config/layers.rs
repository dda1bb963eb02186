//! Where values come from: a flag over the environment over the TOML file over the default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::ConfigError;
use super::keys::{KEYS, Key, Kind};
use super::value;

/// What every variable of ours begins with.
const PREFIX: &str = "HOOKYARD_";
/// Variables of the test suite, which are no settings.
const TEST_PREFIX: &str = "HOOKYARD_TEST_";
/// Names the TOML file.
const CONFIG_VARIABLE: &str = "HOOKYARD_CONFIG";
/// Names of settings this alike are offered as what was meant.
const ALIKE: f64 = 0.7;

/// What the command line says of the settings.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// TOML file with settings (`HOOKYARD_CONFIG`)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Any setting, such as `--set outbound.allow_http=true`; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Address and port to listen on (`HOOKYARD_LISTEN`)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Where embedded mode keeps its data (`HOOKYARD_DATA_DIR`)
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
}

impl Flags {
    fn pairs(&self) -> Result<Vec<(String, String)>, ConfigError> {
        let mut pairs = Vec::new();
        for pair in &self.set {
            let (path, text) = pair
                .split_once('=')
                .ok_or_else(|| ConfigError::of(format!("--set {pair}: must be KEY=VALUE")))?;
            pairs.push((path.to_owned(), text.to_owned()));
        }
        let named = [("listen", &self.listen), ("data_dir", &self.data_dir)];
        pairs.extend(
            named
                .into_iter()
                .filter_map(|(path, text)| Some((path.to_owned(), text.clone()?))),
        );
        Ok(pairs)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody gave one.
    Default,
    /// The TOML file.
    File(PathBuf),
    /// This variable.
    Variable(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// The text of every key and where it came from.
#[derive(Debug)]
pub(crate) struct Values(BTreeMap<&'static str, (String, Source)>);

impl Values {
    /// Reads every layer of this process.
    ///
    /// Errors: an unknown key; a file that cannot be read.
    pub(crate) fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Self::of(flags, std::env::vars_os())
    }

    /// Reads every layer, with these variables as the environment.
    pub(crate) fn of(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let environment = ours(environment)?;
        let defaults = KEYS
            .iter()
            .map(|key| (key.path, (key.default.to_owned(), Source::Default)));
        let mut values = Self(defaults.collect());
        let mut faults = Vec::new();
        let named = environment
            .get(CONFIG_VARIABLE)
            .filter(|path| !path.is_empty());
        if let Some(path) = flags.config.clone().or_else(|| named.map(PathBuf::from)) {
            values.take_file(&path, &mut faults)?;
        }
        for (name, text) in environment
            .iter()
            .filter(|(name, _)| *name != CONFIG_VARIABLE)
        {
            values.take_variable(name, text, &environment, &mut faults)?;
        }
        for (path, text) in flags.pairs()? {
            match Key::find(&path) {
                Some(key) => values.put(key, text, Source::Flag),
                None => faults.push(unknown(&format!("--set {path}"), &path, |key| {
                    key.path.to_owned()
                })),
            }
        }
        if faults.is_empty() {
            Ok(values)
        } else {
            Err(ConfigError(faults))
        }
    }

    fn put(&mut self, key: &'static Key, text: String, source: Source) {
        self.0.insert(key.path, (text, source));
    }

    fn take_file(&mut self, path: &Path, faults: &mut Vec<String>) -> Result<(), ConfigError> {
        let text = read(path)?;
        let table: toml::Table = text
            .parse()
            .map_err(|error| ConfigError::of(format!("{}: {error}", path.display())))?;
        let mut found = Vec::new();
        flatten("", &table, &mut found);
        for (name, value) in found {
            let source = Source::File(path.to_owned());
            if let Some(key) = Key::find(&name) {
                match text_of(&value) {
                    Some(text) => self.put(key, text, source),
                    None => faults.push(format!(
                        "{name} in {}: must be {}",
                        path.display(),
                        key.kind.name()
                    )),
                }
            } else if let (Some(key), Some(file)) = (secret_of_file(&name, "_file"), value.as_str())
            {
                self.put(key, read_secret(Path::new(file))?, source);
            } else {
                faults.push(unknown(
                    &format!("{name} in {}", path.display()),
                    &name,
                    |key| key.path.to_owned(),
                ));
            }
        }
        Ok(())
    }

    fn take_variable(
        &mut self,
        name: &str,
        text: &str,
        environment: &BTreeMap<String, String>,
        faults: &mut Vec<String>,
    ) -> Result<(), ConfigError> {
        let source = Source::Variable(name.to_owned());
        if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
            self.put(key, text.to_owned(), source);
        } else if let Some(key) = secret_of_file(&path_of(name), "_file") {
            if environment.contains_key(&key.variable()) {
                faults.push(format!(
                    "{} and {name} are both set: give one",
                    key.variable()
                ));
            } else if !text.is_empty() {
                self.put(key, read_secret(Path::new(text))?, source);
            }
        } else {
            faults.push(unknown(name, name, Key::variable));
        }
        Ok(())
    }

    /// The text of a key and where it came from.
    pub(crate) fn entry(&self, path: &str) -> (&str, &Source) {
        let entry = self
            .0
            .get(path)
            .map(|(text, source)| (text.as_str(), source));
        entry.unwrap_or(("", &Source::Default))
    }

    /// A value by its parser, which says on failure what is right.
    ///
    /// Errors: the parser refuses; the message names the key as the one who set it knows it.
    pub(crate) fn parsed<T>(
        &self,
        path: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let (text, source) = self.entry(path);
        parse(text.trim()).map_err(|right| {
            let key = Key::find(path);
            let name = match source {
                Source::File(file) => format!("{path} in {}", file.display()),
                Source::Variable(name) => name.clone(),
                Source::Flag => format!("--set {path}"),
                Source::Default => key.map_or_else(|| path.to_owned(), Key::variable),
            };
            let shown = if key.is_some_and(|key| key.kind.is_secret()) {
                "its value"
            } else {
                text
            };
            ConfigError::of(format!("{name}: {shown} will not do; it must be {right}"))
        })
    }

    /// A value that reads from text by itself.
    pub(crate) fn get<T: FromStr>(&self, path: &str) -> Result<T, ConfigError> {
        self.parsed(path, |text| text.parse().map_err(|_| right(path)))
    }

    /// A number that is not too small.
    pub(crate) fn at_least<T>(&self, path: &str, least: T) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + Copy + std::fmt::Display,
    {
        self.parsed(path, |text| {
            let number = text.parse().ok().filter(|number| *number >= least);
            number.ok_or_else(|| format!("a number of at least {least}"))
        })
    }

    /// As [`Self::get`]; an empty text is none.
    pub(crate) fn optional<T: FromStr>(&self, path: &str) -> Result<Option<T>, ConfigError> {
        if self.entry(path).0.trim().is_empty() {
            Ok(None)
        } else {
            self.get(path).map(Some)
        }
    }

    /// Texts between commas.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<String>, ConfigError> {
        self.parsed(path, |text| {
            Ok(value::parts(text).map(str::to_owned).collect())
        })
    }

    /// A duration.
    pub(crate) fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        self.parsed(path, value::duration)
    }
}

/// What a plain value should have been.
fn right(path: &str) -> String {
    let kind = Key::find(path).map_or(Kind::Text, |key| key.kind);
    if kind == Kind::Text {
        "an address and port, such as 127.0.0.1:8080".to_owned()
    } else {
        format!("a {}", kind.name())
    }
}

/// Our variables, by name.
fn ours(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut found = BTreeMap::new();
    for (name, text) in environment {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX) {
            let text = text
                .into_string()
                .map_err(|_| ConfigError::of(format!("{name}: must be UTF-8")))?;
            found.insert(name, text);
        }
    }
    Ok(found)
}

/// The path that a variable's name would be.
fn path_of(name: &str) -> String {
    name.trim_start_matches(PREFIX)
        .to_lowercase()
        .replace("__", ".")
}

/// The secret whose value is in the file that `path` names.
fn secret_of_file(path: &str, suffix: &str) -> Option<&'static Key> {
    Key::find(path.strip_suffix(suffix)?).filter(|key| key.kind.is_secret())
}

fn unknown(shown: &str, name: &str, spell: impl Fn(&Key) -> String) -> String {
    let nearest = KEYS
        .iter()
        .map(|key| (strsim::jaro_winkler(&spell(key), name), spell(key)))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((alike, meant)) if alike >= ALIKE => {
            format!("unknown setting {shown}: did you mean {meant}?")
        }
        _ => format!("unknown setting {shown}: `hookyard config` lists them all"),
    }
}

fn flatten(prefix: &str, table: &toml::Table, found: &mut Vec<(String, toml::Value)>) {
    for (name, value) in table {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&path, inner, found),
            value => found.push((path, value.clone())),
        }
    }
}

/// A TOML value as the environment would spell it.
fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => Some(
            items
                .iter()
                .map(text_of)
                .collect::<Option<Vec<_>>>()?
                .join(","),
        ),
        _ => None,
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::of(format!("{} cannot be read: {error}", path.display())))
}

/// A secret's file, without the line's end that editors add.
fn read_secret(path: &Path) -> Result<String, ConfigError> {
    Ok(read(path)?.trim_end_matches(['\r', '\n']).to_owned())
}
