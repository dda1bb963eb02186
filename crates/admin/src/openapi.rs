//! The OpenAPI documents: 3.1.0 with webhooks for people and newer tools, 3.0.3 for older generators. What
//! poem-openapi writes is put right here.

use serde_json::{Map, Value, json};

use crate::api::service;
use crate::auth::table::{self, Key};
use crate::page::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::Slug;

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
    tidy(&mut document);
    if let Some(schemas) = document["components"]["schemas"].as_object().cloned() {
        let requests = reachable(&schemas, &document, "requestBody");
        for (name, schema) in document["components"]["schemas"]
            .as_object_mut()
            .into_iter()
            .flatten()
        {
            settle_schema(schema, requests.contains(name));
            if let Some(example) = example(name) {
                schema["example"] = example;
            }
        }
    }
    for (path, method, operation) in operations(&mut document) {
        drop_impossible(&path, &method, operation);
        settle_parameters(operation);
        secure(version, operation);
    }
    name_schemes(&mut document["components"]["securitySchemes"]);
    list_problems(&mut document["components"]["schemas"]["Problem"]["properties"]["type"]);
    document["openapi"] = json!(match version {
        Version::V3_1 => "3.1.0",
        Version::V3_0 => "3.0.3",
    });
    if version == Version::V3_1 {
        modernise(&mut document);
        // 3.0 knows no SPDX identifiers, 3.1 wants one where there is no link.
        document["info"]["license"]["identifier"] = json!(env!("CARGO_PKG_LICENSE"));
        add_webhooks(&mut document);
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Bodies' examples, by schema.
fn example(name: &str) -> Option<Value> {
    let examples: Value =
        serde_json::from_str(include_str!("api/examples.json")).unwrap_or_default();
    examples.get(name).cloned()
}

/// All operations, with their path and method.
fn operations(document: &mut Value) -> impl Iterator<Item = (String, String, &mut Value)> {
    document["paths"]
        .as_object_mut()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            methods
                .as_object_mut()
                .into_iter()
                .flatten()
                .map(|(method, operation)| (path.clone(), method.clone(), operation))
        })
}

/// The closed set of problems, with names for generated constants.
fn list_problems(kind: &mut Value) {
    let slugs = Slug::ALL.map(|slug| slug.row().0);
    kind["enum"] = json!(slugs.map(|slug| format!("/docs/problems/{slug}")));
    kind["x-enum-varnames"] = json!(slugs.map(|slug| slug.to_uppercase().replace('-', "_")));
}

/// A reference keeps nothing beside it but its description, whole floats become integers, throughout.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let reference = fields
                .get("allOf")
                .and_then(Value::as_array)
                .and_then(|all| all.iter().find_map(|part| part.get("$ref").cloned()));
            if let Some(reference) = reference {
                let reference = json!({ "$ref": reference });
                *value = match fields.get("description") {
                    Some(words) => json!({ "description": words, "allOf": [reference] }),
                    None => reference,
                };
                return;
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|n| number.is_f64() && n.fract() == 0.0);
            if let Some(whole) = whole.and_then(|n| format!("{n:.0}").parse::<i64>().ok()) {
                *value = json!(whole);
            }
        }
        _ => {}
    }
}

/// Names of the schemas that hang on this member of operations.
fn reachable(schemas: &Map<String, Value>, document: &Value, member: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = document["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .flat_map(|methods| methods.as_object().into_iter().flat_map(Map::values))
        .filter_map(|operation| operation.get(member))
        .collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                let name = fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|at| at.rsplit('/').next());
                if let Some(name) = name
                    && !found.iter().any(|known| known == name)
                {
                    found.push(name.to_owned());
                    waiting.extend(schemas.get(name));
                }
                waiting.extend(fields.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

/// Requests take no other fields, and null where a field may be left out. Responses always carry every
/// key, null where there is nothing; a problem leaves `errors` out.
fn settle_schema(schema: &mut Value, request: bool) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let names: Vec<String> = properties.keys().cloned().collect();
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let problem = schema["title"] == "Problem";
    for name in names
        .iter()
        .filter(|name| !required.contains(name) && !problem)
    {
        let property = &mut schema["properties"][name];
        if property.get("$ref").is_some() {
            *property = json!({ "allOf": [property.clone()], "nullable": true });
        } else {
            property["nullable"] = json!(true);
        }
    }
    if request {
        schema["additionalProperties"] = json!(false);
    } else if !problem {
        schema["required"] = json!(names);
    }
}

/// Takes out the problems that an operation cannot answer.
fn drop_impossible(path: &str, method: &str, operation: &mut Value) {
    let with_body = operation.get("requestBody").is_some();
    let secured = operation.get("security").is_some();
    let repeatable = ["/enable", "/disable", "/rotate"];
    let repeatable = repeatable.iter().any(|end| path.ends_with(end));
    let tests = path.ends_with("/test");
    let counted = secured || path.ends_with("/auth/token") || path.ends_with("/auth/refresh");
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    responses.retain(|status, _| match status.as_str() {
        "401" => secured || path.contains("/auth/"),
        "403" => secured && !path.ends_with("/me"),
        "404" => path.contains('{'),
        "409" => method == "post" && !path.contains("/auth/") && !tests && !repeatable,
        "413" | "415" | "422" => with_body || method == "post",
        // Whoever is known has quotas.
        "429" => counted,
        _ => true,
    });
}

/// Says who may, by the table: people with an access token, programs with an API key of the scope.
fn secure(version: Version, operation: &mut Value) {
    let row = operation["operationId"].as_str().and_then(table::find);
    let Some(row) = row else { return };
    let mut security = vec![json!({ "bearer": [] })];
    let scopes = match row.key {
        Key::Scope(scope) => Some(vec![scope.as_str()]),
        Key::Any => Some(Vec::new()),
        Key::Never => None,
    };
    // 3.0 knows scopes of OAuth only.
    let scopes = scopes.map(|scopes| match version {
        Version::V3_1 => scopes,
        Version::V3_0 => Vec::new(),
    });
    security.extend(scopes.map(|scopes| json!({ "apiKey": scopes })));
    operation["security"] = json!(security);
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

/// Lists may be left out of a query. Pages have limits. What only repeats a default goes.
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
        if let Some(fields) = parameter.as_object_mut() {
            fields.remove("explode");
            fields.retain(|name, value| name != "deprecated" || *value == json!(true));
        }
    }
}

/// 3.1 says null as a type, and words may stand beside a reference.
fn modernise(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(modernise);
            let nullable = fields.remove("nullable") == Some(json!(true));
            let reference = fields.remove("allOf").and_then(|all| all.get(0).cloned());
            match (reference, fields.get("type").cloned()) {
                (Some(reference), _) if nullable => {
                    fields.insert("anyOf".to_owned(), json!([reference, { "type": "null" }]));
                }
                (Some(reference), _) => {
                    fields.insert("$ref".to_owned(), reference["$ref"].clone());
                }
                (None, Some(kind)) if nullable => {
                    fields.insert("type".to_owned(), json!([kind, "null"]));
                }
                (None, _) => {}
            }
        }
        Value::Array(items) => items.iter_mut().for_each(modernise),
        _ => {}
    }
}

/// What endpoints receive, in each dialect.
fn add_webhooks(document: &mut Value) {
    let webhooks: Value =
        serde_json::from_str(include_str!("api/webhooks.json")).unwrap_or_default();
    document["webhooks"] = webhooks;
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.push(json!({ "name": "Webhooks", "description": "What your endpoints receive." }));
    }
}
