//! What the API offers, read from its own description: which methods a path has, which parameters an
//! operation takes, who may do it, and whose data its path names. The router tells none of this.

use std::sync::Arc;

use domain::error::FieldError;
use domain::spelling::nearest;
use poem::http::Method;
use poem_openapi::OpenApi;
use poem_openapi::registry::MetaParamIn;

use crate::auth::table::{self, Row};
use crate::problem::{ApiError, FAULTS_MAX, Slug};

/// Where the API lives.
pub(crate) const PREFIX: &str = "/v1";

/// One operation of the API.
struct Operation {
    method: Method,
    /// The path's parts.
    parts: Vec<Part>,
    query: Vec<String>,
    id: Option<&'static str>,
    /// Who may do it.
    row: Option<&'static Row>,
}

/// A part of a path.
enum Part {
    /// This text.
    Text(String),
    /// Anything: the parameter of this name.
    Parameter(String),
}

/// Who may do the operation that a request asks for, and whose data its path names. [`crate::auth::Bearer`] lets
/// nobody through without one.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// The operation's id.
    pub(crate) operation: Option<&'static str>,
    /// The operation's row; `None` lets nobody through.
    pub(crate) row: Option<&'static Row>,
    /// What the path begins with.
    pub(crate) of: Subject,
}

/// Whose data a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The merchant of this id, as the path spells it.
    Merchant(String),
    /// The app of this id, as the path spells it.
    App(String),
    /// Nobody's in particular.
    Anybody,
}

impl Operation {
    /// What is wrong with a parameter before its value is looked at.
    fn fault(&self, pair: &str) -> Option<FieldError> {
        let name = pair.split('=').next().unwrap_or_default();
        let is_known = self.query.iter().any(|known| known == name);
        let detail = if hides_control(pair) {
            "must have no control characters".to_owned()
        } else if is_known {
            return None;
        } else if let Some(meant) = nearest(name, self.query.iter().map(String::as_str)) {
            format!("unknown parameter: did you mean `{meant}`?")
        } else if self.query.is_empty() {
            "unknown parameter: this operation has none".to_owned()
        } else {
            format!(
                "unknown parameter: it must be one of {}",
                self.query.join(", ")
            )
        };
        let name: String = name.chars().take(100).collect();
        Some(FieldError::new(name, "parameter", detail))
    }
}

/// Whether a part of a URL spells a control character: nothing we store or look for has one.
pub(crate) fn hides_control(part: &str) -> bool {
    let bytes = part.as_bytes();
    let mut escapes = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .zip(bytes.iter().skip(2));
    escapes.any(|((percent, high), low)| {
        *percent == b'%'
            && (matches!(high, b'0' | b'1') || (*high == b'7' && matches!(low, b'f' | b'F')))
    })
}

/// Whether a query is UTF-8 once its escapes are read: a filter that is none would be replaced by another one.
pub(crate) fn is_utf8(query: &str) -> bool {
    let mut bytes = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// All operations of the API.
#[derive(Clone)]
pub(crate) struct Operations(Arc<Vec<Operation>>);

impl Operations {
    /// Those of `A`.
    pub(crate) fn of<A: OpenApi>() -> Self {
        let paths = A::meta().into_iter().flat_map(|api| api.paths);
        let all = paths.flat_map(|path| {
            let place = path.path;
            path.operations.into_iter().map(move |operation| Operation {
                method: operation.method,
                parts: place
                    .trim_start_matches('/')
                    .split('/')
                    .map(Part::of)
                    .collect(),
                query: operation
                    .params
                    .into_iter()
                    .filter(|param| param.in_type == MetaParamIn::Query)
                    .map(|param| param.name)
                    .collect(),
                id: operation.operation_id,
                row: operation.operation_id.and_then(table::find),
            })
        });
        Self(Arc::new(all.collect()))
    }

    /// Who may do what a request asks for; `None` where the API has no such operation.
    pub(crate) fn guard(&self, method: &Method, path: &str) -> Option<Guard> {
        let operation = self
            .at(path)
            .find(|operation| operation.method == *method)?;
        Some(Guard {
            operation: operation.id,
            row: operation.row,
            of: operation.subject(path),
        })
    }

    /// The methods of a path, for `Allow`. Outside the API everything is read only.
    pub(crate) fn allowed(&self, path: &str) -> String {
        let methods: Vec<&str> = self
            .at(path)
            .map(|operation| operation.method.as_str())
            .collect();
        if methods.is_empty() {
            "GET".to_owned()
        } else {
            methods.join(", ")
        }
    }

    /// Refuses query parameters that the operation does not have, by name: a typo would otherwise show
    /// everything.
    pub(crate) fn check_query(
        &self,
        method: &Method,
        path: &str,
        query: &str,
    ) -> Result<(), ApiError> {
        let Some(operation) = self.at(path).find(|operation| operation.method == *method) else {
            return Ok(());
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let faults: Vec<FieldError> = pairs
            .filter_map(|pair| operation.fault(pair))
            .take(FAULTS_MAX)
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(Slug::InvalidParameter, faults))
        }
    }

    /// The operations of a path. As the router does, it takes a part's own text before a parameter, whatever the
    /// method.
    fn at(&self, path: &str) -> impl Iterator<Item = &Operation> {
        let parts: Vec<&str> = parts_of(path).collect();
        let is_of = |operation: &&Operation| {
            operation.parts.len() == parts.len()
                && operation
                    .parts
                    .iter()
                    .zip(&parts)
                    .all(|(known, given)| known.matches(given))
        };
        let found: Vec<&Operation> = self.0.iter().filter(is_of).collect();
        let nearest = found.iter().map(|operation| operation.texts()).max();
        found
            .into_iter()
            .filter(move |operation| Some(operation.texts()) == nearest)
    }
}

/// The parts of a request's path; none outside the API.
fn parts_of(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix(PREFIX)
        .into_iter()
        .flat_map(|rest| rest.trim_start_matches('/').split('/'))
}

impl Part {
    fn of(text: &str) -> Self {
        match text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(name) => Self::Parameter(name.to_owned()),
            None => Self::Text(text.to_owned()),
        }
    }

    fn matches(&self, given: &str) -> bool {
        match self {
            Self::Text(text) => text == given,
            Self::Parameter(_) => true,
        }
    }
}

impl Operation {
    /// Which parts of the path are text: a bit for each, the first the highest.
    fn texts(&self) -> u32 {
        let is_text = self.parts.iter().map(|part| matches!(part, Part::Text(_)));
        is_text.fold(0, |bits, text| bits << 1 | u32::from(text))
    }

    /// Whose data this path, which is one of the operation's, names: its first parameter says. An installation's
    /// path names a merchant, then an app: it is the merchant's.
    fn subject(&self, path: &str) -> Subject {
        let named = self.parts.iter().zip(parts_of(path));
        let mut named = named.filter_map(|(part, given)| match part {
            Part::Parameter(name) => Some((name.as_str(), given.to_owned())),
            Part::Text(_) => None,
        });
        match named.next() {
            Some(("merchant_id", id)) => Subject::Merchant(id),
            Some(("app_id", id)) => Subject::App(id),
            _ => Subject::Anybody,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unused_async, reason = "handlers are async")]

    use poem_openapi::param::Path;

    use super::*;

    struct Api;

    #[OpenApi]
    impl Api {
        #[oai(path = "/things/:id", method = "get")]
        async fn get(&self, id: Path<String>) {
            drop(id);
        }

        #[oai(path = "/things/batch", method = "post")]
        async fn batch(&self) {}
    }

    #[test]
    fn a_path_has_the_methods_of_the_route_that_spells_it_out() {
        let operations = Operations::of::<Api>();
        assert_eq!(operations.allowed("/v1/things/batch"), "POST");
        assert_eq!(operations.allowed("/v1/things/other"), "GET");
        assert_eq!(operations.allowed("/v1/nothing"), "GET");
        assert!(operations.guard(&Method::GET, "/v1/things/batch").is_none());
    }
}
