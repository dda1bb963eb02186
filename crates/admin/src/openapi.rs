//! The OpenAPI documents: 3.1.0 with webhooks for people and newer tools, 3.0.3 for older generators. What
//! poem-openapi writes is put right here: `schemas`, `responses` and `webhooks` each have their part of it.

mod responses;
mod schemas;
mod webhooks;

use serde_json::{Value, json};

use crate::api::service;
use crate::auth::table::{self, Key};
use crate::idempotency::KEY_PATTERN;
use crate::page::{CURSOR_PATTERN, LIMIT_DEFAULT, LIMIT_MAX};

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.1.0, with webhooks.
    V3_1,
    /// 3.0.3, for generators that know no 3.1.
    V3_0,
}

/// The document. It needs no database and no configuration.
pub fn spec(version: Version) -> String {
    let mut document: Value = serde_json::from_str(&service().spec()).unwrap_or_default();
    schemas::settle(&mut document);
    for (method, operation) in operations(&mut document) {
        responses::settle(&method, operation);
        settle_parameters(operation);
        secure(operation);
        // Said of every operation: one without the word could as well be forgotten.
        if operation.get("security").is_none() {
            operation["security"] = json!([]);
        }
    }
    name_schemes(&mut document["components"]["securitySchemes"]);
    responses::add_components(&mut document["components"]);
    document["info"]["contact"] = json!({ "name": "The operators of this gateway" });
    match version {
        Version::V3_1 => {
            document["openapi"] = json!("3.1.0");
            schemas::modernise(&mut document);
            document["info"]["license"]["identifier"] = json!(env!("CARGO_PKG_LICENSE"));
            webhooks::add(&mut document);
        }
        Version::V3_0 => {
            document["openapi"] = json!("3.0.3");
            schemas::spell_null(&mut document);
            // 3.0 knows no SPDX identifiers.
            let license = env!("CARGO_PKG_LICENSE");
            document["info"]["license"]["url"] =
                json!(format!("https://spdx.org/licenses/{license}.html"));
        }
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// All operations, with their method.
fn operations(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(_, methods)| {
        let methods = methods.as_object_mut().into_iter().flatten();
        methods.map(|(method, operation)| (method.clone(), operation))
    })
}

/// Says who may, by the table: people with an access token, programs with an API key. Its scope stands in a member of
/// our own: linters let only OAuth have scopes.
fn secure(operation: &mut Value) {
    let row = operation["operationId"].as_str().and_then(table::find);
    let Some(row) = row else { return };
    operation["security"] = match row.key {
        Key::Never => json!([{ "bearer": [] }]),
        Key::Any | Key::Scope(_) => json!([{ "bearer": [] }, { "apiKey": [] }]),
    };
    if let Key::Scope(scope) = row.key {
        operation["x-required-scope"] = json!(scope.as_str());
    }
    let who = format!("Who may: {}.", row.words());
    operation["description"] = json!(match operation["description"].as_str() {
        Some(words) => format!("{words}\n\n{who}"),
        None => who,
    });
}

/// People and programs show their credentials in the same header, but are told apart in the document.
fn name_schemes(schemes: &mut Value) {
    *schemes = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A person's access token, from `createToken`.",
        },
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "hy_…",
            "description": "A program's API key. The scopes it needs stand at each operation.",
        },
    });
}

/// What no text in a query has.
const NO_CONTROL: &str = r"^[^\x00-\x1f\x7f]*$";

/// Lists may be left out of a query. Pages have limits. Texts have a form. What only repeats a default goes.
fn settle_parameters(operation: &mut Value) {
    let parameters = operation.get_mut("parameters");
    for parameter in parameters
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if parameter["in"] == "query" && parameter["schema"]["type"] == "array" {
            parameter["required"] = json!(false);
        }
        if parameter["name"] == "limit" {
            parameter["schema"]["minimum"] = json!(1);
            parameter["schema"]["maximum"] = json!(LIMIT_MAX);
            parameter["schema"]["default"] = json!(LIMIT_DEFAULT);
        }
        let pattern = match parameter["name"].as_str() {
            Some("cursor") => CURSOR_PATTERN,
            Some("Idempotency-Key") => KEY_PATTERN,
            _ => NO_CONTROL,
        };
        let is_free = |schema: &Value| {
            schema["type"] == "string" && schema.get("pattern").or(schema.get("format")).is_none()
        };
        let (schema, items) = (&parameter["schema"], &parameter["schema"]["items"]);
        if is_free(schema) {
            parameter["schema"]["pattern"] = json!(pattern);
        } else if is_free(items) {
            parameter["schema"]["items"]["pattern"] = json!(pattern);
        }
        for at in ["/schema", "/schema/items"] {
            let schema = parameter.pointer_mut(at);
            if let Some(schema) = schema.filter(|schema| schema["format"] == "uint16") {
                schema["minimum"] = json!(u16::MIN);
                schema["maximum"] = json!(u16::MAX);
            }
        }
        if let Some(fields) = parameter.as_object_mut() {
            fields.remove("explode");
            fields.retain(|name, value| name != "deprecated" || *value == json!(true));
        }
    }
}
