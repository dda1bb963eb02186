//! What the API offers, read from its own description: which methods a path has, which parameters an
//! operation takes. The router tells neither.

use poem::http::Method;
use poem_openapi::OpenApi;
use poem_openapi::registry::MetaParamIn;

use crate::problem::ApiError;

/// Where the API lives.
pub(crate) const PREFIX: &str = "/v1";

struct Operation {
    method: Method,
    /// The path's parts; `None` stands for a parameter.
    parts: Vec<Option<String>>,
    query: Vec<String>,
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
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
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

    /// Refuses a query parameter that the operation does not have, by name: a typo would otherwise show
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
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            if hides_control(pair) {
                let name = &name.chars().take(100).collect::<String>();
                return Err(ApiError::parameter(name, "must have no control characters"));
            }
            if !operation.query.iter().any(|known| known == name) {
                let known = match operation.query.as_slice() {
                    [] => "this operation has none".to_owned(),
                    names => format!("it must be one of {}", names.join(", ")),
                };
                let name: String = name.chars().take(100).collect();
                return Err(ApiError::parameter(
                    &name,
                    format!("unknown parameter; {known}"),
                ));
            }
        }
        Ok(())
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
