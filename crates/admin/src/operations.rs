//! What the API offers, read from its own description: which methods a path has, which parameters an
//! operation takes. The router tells neither.

use domain::error::FieldError;
use domain::spelling::nearest;
use poem::http::Method;
use poem_openapi::OpenApi;
use poem_openapi::registry::MetaParamIn;

use crate::problem::{ApiError, FAULTS_MAX, Slug};

/// Where the API lives.
pub(crate) const PREFIX: &str = "/v1";

struct Operation {
    method: Method,
    /// The path's parts; `None` stands for a parameter.
    parts: Vec<Option<String>>,
    query: Vec<String>,
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

/// All operations of the API.
pub(crate) struct Operations(Vec<Operation>);

impl Operations {
    /// Those of `A`.
    pub(crate) fn of<A: OpenApi>() -> Self {
        let paths = A::meta().into_iter().flat_map(|api| api.paths);
        Self(
            paths
                .flat_map(|path| {
                    let parts: Vec<Option<String>> = path
                        .path
                        .trim_start_matches('/')
                        .split('/')
                        .map(|part| (!part.starts_with('{')).then(|| part.to_owned()))
                        .collect();
                    path.operations.into_iter().map(move |operation| Operation {
                        method: operation.method,
                        parts: parts.clone(),
                        query: operation
                            .params
                            .into_iter()
                            .filter(|param| param.in_type == MetaParamIn::Query)
                            .map(|param| param.name)
                            .collect(),
                    })
                })
                .collect(),
        )
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

    fn at(&self, path: &str) -> impl Iterator<Item = &Operation> {
        let parts: Vec<&str> = path
            .strip_prefix(PREFIX)
            .map(|rest| rest.trim_start_matches('/').split('/').collect())
            .unwrap_or_default();
        self.0.iter().filter(move |operation| {
            operation.parts.len() == parts.len()
                && operation
                    .parts
                    .iter()
                    .zip(&parts)
                    .all(|(known, given)| known.as_ref().is_none_or(|known| known == given))
        })
    }
}
