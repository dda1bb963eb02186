//! The schemas of bodies: what may be null or left out, their examples, and names that generated code can wear.

use serde_json::{Map, Value, json};

use crate::problem::Slug;

/// What poem-openapi puts before the name of a generic list's rows.
const LIST: &str = "List_";
/// Where schemas live.
const SCHEMAS: &str = "#/components/schemas/";

/// Puts every schema right. What may be null is marked `nullable` yet: see [`modernise`] and [`spell_null`].
pub(super) fn settle(document: &mut Value) {
    tidy(document);
    name_lists(document);
    let Some(schemas) = document["components"]["schemas"].as_object().cloned() else {
        return;
    };
    let requests = reachable(&schemas, document);
    let examples: Value =
        serde_json::from_str(include_str!("../api/examples.json")).unwrap_or_default();
    let all = document["components"]["schemas"].as_object_mut();
    for (name, schema) in all.into_iter().flatten() {
        settle_schema(schema, requests.contains(name));
        if let Some(example) = examples.get(name) {
            schema["example"] = example.clone();
        }
    }
    list_problems(&mut document["components"]["schemas"]["Problem"]["properties"]["type"]);
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

/// A list's name: `List_Delivery` is a `DeliveryList`.
fn list_name(name: &str) -> Option<String> {
    name.strip_prefix(LIST).map(|row| format!("{row}List"))
}

/// Gives lists their names, where they are and where they are referred to.
fn name_lists(document: &mut Value) {
    rename_references(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, mut schema)| match list_name(&name) {
                Some(name) => {
                    schema["title"] = json!(name);
                    (name, schema)
                }
                None => (name, schema),
            })
            .collect();
    }
}

fn rename_references(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let to = fields.get("$ref").and_then(Value::as_str);
            let name = to.and_then(|to| list_name(to.strip_prefix(SCHEMAS)?));
            if let Some(name) = name {
                fields.insert("$ref".to_owned(), json!(format!("{SCHEMAS}{name}")));
            }
            fields.values_mut().for_each(rename_references);
        }
        Value::Array(items) => items.iter_mut().for_each(rename_references),
        _ => {}
    }
}

/// Names of the schemas that hang on requests.
fn reachable(schemas: &Map<String, Value>, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Value> = document["paths"]
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .flat_map(|methods| methods.as_object().into_iter().flat_map(Map::values))
        .filter_map(|operation| operation.get("requestBody"))
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

/// Puts `reference or null` in the place of a nullable reference, under the word that generators know it by, and null
/// beside the forms of a choice.
fn or_null(fields: &mut Map<String, Value>, word: &str, nothing: &Value) {
    fields.remove("nullable");
    if let Some(reference) = fields.remove("allOf").and_then(|all| all.get(0).cloned()) {
        fields.insert(word.to_owned(), json!([reference, nothing]));
    } else if let Some(Value::Array(forms)) = fields.get_mut("anyOf") {
        forms.push(nothing.clone());
    }
}

/// Whether null is a form of its own here: `nullable` is heeded beside a type only.
fn has_null_form(fields: &Map<String, Value>) -> bool {
    let nullable = fields.get("nullable") == Some(&json!(true));
    nullable && (fields.contains_key("allOf") || fields.contains_key("anyOf"))
}

/// 3.1 says null as a type, and words may stand beside a reference.
pub(super) fn modernise(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(modernise);
            if has_null_form(fields) {
                or_null(fields, "anyOf", &json!({ "type": "null" }));
            } else if let Some(all) = fields.remove("allOf") {
                fields.insert("$ref".to_owned(), all[0]["$ref"].clone());
            } else if fields.get("nullable") == Some(&json!(true))
                && fields.get("type").is_some_and(Value::is_string)
            {
                let kind = fields["type"].clone();
                fields.insert("type".to_owned(), json!([kind, "null"]));
                fields.remove("nullable");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(modernise),
        _ => {}
    }
}

/// 3.0 heeds `nullable` beside a type only: a reference that may be null has null as its other form.
pub(super) fn spell_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(spell_null);
            if has_null_form(fields) {
                or_null(fields, "oneOf", &json!({ "enum": [null] }));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spell_null),
        _ => {}
    }
}
