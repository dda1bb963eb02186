//! What operations answer: which problems are possible for which operation, and the headers of answers.
//!
//! A new operation gets its problems from its shape (is it secured, has it a path parameter, a body, an
//! `Idempotency-Key`). Only a conflict or a limit of its own must be named here.

use serde_json::{Value, json};

use crate::problem::{DOCUMENTED, Documented, Slug};

/// Operations that may clash with the present state, beside those that take an `Idempotency-Key`.
const CONFLICTING: [&str; 15] = [
    "acknowledgeFailure",
    "acceptInvitation",
    "cancelAnyRetryJob",
    "cancelDelivery",
    "cancelRetryJob",
    "createAppInvitation",
    "createInvitation",
    "createPlatformInvitation",
    "deleteApp",
    "deleteUser",
    "removeMember",
    "retryAppDelivery",
    "retryDelivery",
    "updateMember",
    "updateUser",
];
/// Open operations that prove who somebody is, and limit strangers; whoever is known has quotas everywhere.
const PROVING: [&str; 6] = [
    "acceptInvitation",
    "createToken",
    "openPortal",
    "refreshToken",
    "resetPassword",
    "revokeToken",
];
/// Open operations that take a browser's cookie, from pages of this site only.
const COOKIES: [&str; 2] = ["refreshToken", "revokeToken"];
/// The open operation that sends mail, so many an hour.
const MAILING: &str = "requestPasswordReset";
/// The one secured operation that everybody may call.
const FOR_EVERYBODY: &str = "getMe";
/// Request id of the examples.
const REQUEST_ID: &str = "req_0c9f3a1200000001";

/// Whether an operation can answer with a problem of this status.
fn may_answer(status: u16, method: &str, operation: &Value) -> bool {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let secured = operation.get("security").is_some();
    let has = |found: &dyn Fn(&Value) -> bool| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|list| list.iter().any(found))
    };
    match status {
        401 => secured || PROVING.contains(&id),
        429 => secured || PROVING.contains(&id) || id == MAILING,
        403 => (secured && id != FOR_EVERYBODY) || COOKIES.contains(&id),
        404 => has(&|parameter| parameter["in"] == "path"),
        409 => {
            CONFLICTING.contains(&id) || has(&|parameter| parameter["name"] == "Idempotency-Key")
        }
        // Actions take an empty object for a body.
        408 | 413 | 415 | 422 => operation.get("requestBody").is_some() || method == "post",
        _ => true,
    }
}

/// Leaves an operation the problems it can answer, and names the headers of all its answers.
pub(super) fn settle(method: &str, operation: &mut Value) {
    let possible: Vec<&Documented> = DOCUMENTED
        .iter()
        .filter(|documented| may_answer(documented.status, method, operation))
        .collect();
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    responses.retain(|status, _| status.starts_with('2'));
    for response in responses.values_mut() {
        response["headers"]["X-Request-Id"] = header("X-Request-Id");
    }
    for Documented { status, name, .. } in possible {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.insert(status.to_string(), reference);
    }
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The problems and headers that operations refer to.
pub(super) fn add_components(components: &mut Value) {
    for documented in &DOCUMENTED {
        components["responses"][documented.name] = response(documented);
    }
    let text = json!({ "type": "string" });
    for (name, description, required, schema, example) in [
        (
            "X-Request-Id",
            "Names this request: the caller's own id where it sent a sane one.",
            true,
            text.clone(),
            json!(REQUEST_ID),
        ),
        (
            "Retry-After",
            "Seconds to wait before the next try.",
            false,
            json!({ "type": "integer", "minimum": 0 }),
            json!(1),
        ),
        (
            "WWW-Authenticate",
            "How to log in.",
            true,
            text,
            json!("Bearer realm=\"hookyard\""),
        ),
    ] {
        components["headers"][name] = json!({
            "description": description, "required": required, "schema": schema, "example": example,
        });
    }
}

/// One problem as a response, with an example of its own.
fn response(documented: &Documented) -> Value {
    let Documented {
        status,
        description,
        ..
    } = documented;
    let slugs = Slug::ALL
        .into_iter()
        .map(Slug::row)
        .filter(|row| row.1 == *status);
    let types: Vec<String> = slugs.clone().map(|row| format!("`{}`", row.0)).collect();
    let example = slugs.clone().next().map(|(slug, status, title, remedy)| {
        json!({
            "type": format!("/docs/problems/{slug}"), "title": title, "status": status, "detail": remedy,
            "instance": format!("urn:hookyard:request:{REQUEST_ID}"), "request_id": REQUEST_ID,
        })
    });
    let mut headers = json!({ "X-Request-Id": header("X-Request-Id") });
    for (name, statuses) in [
        ("WWW-Authenticate", &[401][..]),
        ("Retry-After", &[429, 503]),
    ] {
        if statuses.contains(status) {
            headers[name] = header(name);
        }
    }
    json!({
        "description": format!("{description} Types: {}.", types.join(", ")),
        "headers": headers,
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" }, "example": example,
        } },
    })
}
