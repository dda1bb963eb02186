//! Nobody reaches what is not theirs: every operation of the document, asked for another tenant's things by every
//! role and every scope, answers as the table of `docs/roles.md` says, and changes nothing.
//!
//! Both the operations and the expectations are read from what is published, so an operation is covered from the
//! day it is added.

use std::collections::BTreeMap;

use admin::{Version, roles_page, spec};
use serde_json::{Value, json};
use storage::users::{MerchantRole, PlatformRole};
use testkit::contents::contents;

use crate::running::{PASSWORD, Running};

/// What moves by asking: when a key was used.
const RESTLESS: &[&str] = &["api_keys.last_used_us"];

const PLATFORM: [&str; 3] = ["viewer", "operator", "admin"];
const MERCHANT: [&str; 3] = ["viewer", "developer", "owner"];

/// An operation of the document.
struct Operation {
    id: String,
    method: String,
    path: String,
    body: Option<Value>,
}

/// A row of the published table.
struct Row {
    platform: String,
    merchant: String,
    app: String,
    key: String,
}

/// Somebody who calls.
struct Caller {
    name: String,
    token: String,
    platform: Option<&'static str>,
    merchant: Option<&'static str>,
    /// Whether they develop an app.
    app: bool,
    scope: Option<String>,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&spec(Version::V3_1)).unwrap();
    let example = |operation: &Value| {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        Some(document["components"]["schemas"][name]["example"].clone())
    };
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                body: example(operation),
            });
        }
    }
    all
}

/// The table as it is published.
fn table() -> BTreeMap<String, Row> {
    let rows = roles_page();
    let rows = rows.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let row = Row {
            platform: cells[2].to_owned(),
            merchant: cells[3].to_owned(),
            app: cells[4].to_owned(),
            key: cells[5].trim_matches('`').to_owned(),
        };
        (cells[1].trim_matches('`').to_owned(), row)
    })
    .collect()
}

/// Whether a role reaches the least one of a cell.
fn reaches(order: &[&str], held: Option<&str>, least: &str) -> bool {
    let rank = |role: &str| order.iter().position(|known| *known == role);
    match (held.and_then(rank), rank(least)) {
        (Some(held), Some(least)) => held >= least,
        _ => false,
    }
}

impl Caller {
    /// What the table says to this caller asking for somebody else's things: `None` lets them through.
    fn refusal(&self, operation: &Operation, row: &Row) -> Option<u16> {
        let by_platform = reaches(&PLATFORM, self.platform, &row.platform);
        if operation.path.starts_with("/v1/merchants/{merchant_id}") {
            if self.platform.is_none() {
                return Some(404);
            }
        } else if self.app {
            let all = !operation.path.starts_with("/v1/apps/{app_id}");
            let theirs = all && row.app == "developer" && self.in_scope(row);
            return (!theirs).then_some(if all { 403 } else { 404 });
        } else if reaches(&MERCHANT, self.merchant, &row.merchant) && self.in_scope(row) {
            // The same for everybody, or limited to the caller's own.
            return None;
        }
        (!(by_platform && self.in_scope(row))).then_some(403)
    }

    fn in_scope(&self, row: &Row) -> bool {
        let Some(held) = &self.scope else { return true };
        let write = held.replace(":write", ":read");
        match row.key.as_str() {
            "any" => true,
            "-" => false,
            wanted => wanted == held || wanted == write,
        }
    }
}

/// The ids of another merchant's things, by the names that paths give them.
async fn things_of(
    running: &Running,
    admin: &str,
    merchant: &str,
) -> BTreeMap<&'static str, String> {
    let base = format!("/v1/merchants/{merchant}");
    let made = async |path: String, body: Value| {
        let answer = running.post(&path, admin, &body).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer.json()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let endpoint = json!({ "url": "https://b.example/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    let endpoint = made(format!("{base}/endpoints"), endpoint).await;
    let event = json!({ "event_type": "NEW_CUSTOMER", "payload": {} });
    let event = made(format!("{base}/events"), event).await;
    let app = made("/v1/apps".to_owned(), json!({ "name": "Mailer" })).await;
    let app_id = text(&app["id"]);
    let app_endpoint = json!({ "url": "https://app.example/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    made(format!("/v1/apps/{app_id}/endpoints"), app_endpoint).await;
    let installed = running
        .send(
            "PUT",
            &format!("{base}/installations/{app_id}"),
            admin,
            &[],
            "",
        )
        .await;
    assert_eq!(installed.status, 201, "{installed:?}");
    let key = json!({ "name": "shop", "scopes": ["events:read"] });
    let key = made(format!("{base}/api-keys"), key).await;
    let retry = json!({ "filter": {} });
    let retry = made(format!("{base}/retry-jobs"), retry).await;
    let activity = json!({ "activities": [
        { "type": "product_viewed", "visitor": { "device_id": "d1" }, "data": { "product_id": 1 } },
        { "type": "checkout_opened", "visitor": { "device_id": "d1", "checkout_id": "cs-1" }, "data": {} },
    ]});
    made(format!("{base}/activities"), activity).await;
    let owner = "owner@b.example";
    let user_id = running
        .add_user(owner, None, &[(merchant, MerchantRole::Owner)])
        .await;
    let token = running.log_in(owner).await;
    let login = running.get("/v1/me", &token).await.json();
    let invitation = json!({ "email": "joe@b.example", "role": "viewer" });
    let invitation = made(format!("{base}/invitations"), invitation).await;
    let pause = json!({ "scope": "merchant", "merchant_id": merchant });
    let pause = made("/v1/pauses".to_owned(), pause).await;
    let first = async |list: &str| {
        let found = running.get(&format!("{base}/{list}"), admin).await.json();
        text(&found["data"][0]["id"])
    };
    BTreeMap::from([
        ("merchant_id", merchant.to_owned()),
        ("endpoint_id", text(&endpoint["id"])),
        ("event_id", text(&event["event_id"])),
        ("delivery_id", text(&event["deliveries"][0]["id"])),
        ("app_id", app_id),
        ("key_id", text(&key["id"])),
        ("job_id", text(&retry["id"])),
        ("session_id", first("sessions").await),
        ("checkout_id", first("checkouts").await),
        ("user_id", user_id.to_string()),
        ("login_id", text(&login["login_id"])),
        ("invitation_id", text(&invitation["id"])),
        ("pause_id", text(&pause["id"])),
        ("name", "NEW_CUSTOMER".to_owned()),
    ])
}

/// People and keys of every kind, none of whom has anything to do with the other merchant.
async fn callers(running: &Running, admin: &str, own: &str) -> Vec<Caller> {
    let mut all = Vec::new();
    for (role, name) in MerchantRole::ALL.into_iter().zip(MERCHANT) {
        let email = format!("merchant-{name}@a.example");
        running.add_user(&email, None, &[(own, role)]).await;
        all.push(Caller {
            token: running.log_in(&email).await,
            name: email,
            platform: None,
            merchant: Some(name),
            app: false,
            scope: None,
        });
    }
    for (role, name) in PlatformRole::ALL.into_iter().zip(PLATFORM) {
        let email = format!("platform-{name}@example.com");
        running.add_user(&email, Some(role), &[]).await;
        all.push(Caller {
            token: running.log_in(&email).await,
            name: email,
            platform: Some(name),
            merchant: None,
            app: false,
            scope: None,
        });
    }
    all.push(of_a_portal(running, admin, own).await);
    for scope in scopes() {
        let body = json!({ "name": scope, "scopes": [scope] });
        let keys = format!("/v1/merchants/{own}/api-keys");
        let made = running.post(&keys, admin, &body).await.json();
        all.push(Caller {
            name: format!("a key with {scope}"),
            token: made["key"].as_str().unwrap().to_owned(),
            platform: None,
            merchant: Some("owner"),
            app: false,
            scope: Some(scope),
        });
    }
    let own_app = json!({ "name": "An app of their own" });
    let own_app = running.post("/v1/apps", admin, &own_app).await.json();
    let own_app = own_app["id"].as_str().unwrap();
    let developer = json!({ "email": "dev@a.example", "password": PASSWORD, "app_ids": [own_app] });
    let added = running.post("/v1/users", admin, &developer).await;
    assert_eq!(added.status, 201, "{added:?}");
    all.push(Caller {
        name: "a developer of an app".to_owned(),
        token: running.log_in("dev@a.example").await,
        platform: None,
        merchant: None,
        app: true,
        scope: None,
    });
    let keys = format!("/v1/apps/{own_app}/api-keys");
    for scope in scopes() {
        let body = json!({ "name": scope, "scopes": [scope] });
        let made = running.post(&keys, admin, &body).await.json();
        all.push(Caller {
            name: format!("an app's key with {scope}"),
            token: made["key"].as_str().unwrap().to_owned(),
            platform: None,
            merchant: None,
            app: true,
            scope: Some(scope),
        });
    }
    all
}

/// Somebody who came through a portal link of a merchant.
async fn of_a_portal(running: &Running, admin: &str, merchant: &str) -> Caller {
    let link = json!({ "role": "developer" });
    let links = format!("/v1/merchants/{merchant}/portal-links");
    let link = running.post(&links, admin, &link).await.json();
    let open = json!({ "token": link["token"] });
    let portal = running.post("/v1/auth/portal", "", &open).await.json();
    Caller {
        name: "a portal".to_owned(),
        token: portal["access_token"].as_str().unwrap().to_owned(),
        platform: None,
        merchant: Some("developer"),
        app: false,
        scope: None,
    }
}

fn scopes() -> Vec<String> {
    let document: Value = serde_json::from_str(&spec(Version::V3_1)).unwrap();
    let words = &document["components"]["schemas"]["Scope"]["enum"];
    let words = words.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

/// The path with these ids in it.
fn place(path: &str, ids: &BTreeMap<&str, String>) -> String {
    let parts = path.split('/').map(|part| {
        match part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(name) => ids
                .get(name)
                .unwrap_or_else(|| panic!("the test knows no {name}: make one")),
            None => part,
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(
    running: &Running,
    operation: &Operation,
    path: &str,
    token: &str,
) -> crate::running::Answer {
    let body = operation
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    running
        .send(&operation.method, path, token, &[], &body)
        .await
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs() {
    nobody_reaches(&Running::start().await).await;
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs_on_postgres() {
    nobody_reaches(&Running::start_on_postgres().await).await;
}

async fn nobody_reaches(running: &Running) {
    let admin = running.admin().await;
    let (own, other) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    let ids = things_of(running, &admin, &other).await;
    let callers = callers(running, &admin, &own).await;
    let table = table();
    // Counts are written behind the work: let none of what was done here come later.
    running
        .app
        .gateway
        .stats()
        .write(&running.app.storage)
        .await;
    let before = contents(&running.url, RESTLESS).await.unwrap();
    let mut asked = 0;
    for operation in operations() {
        let row = table.get(&operation.id);
        let row = row.unwrap_or_else(|| panic!("{} is not in docs/roles.md", operation.id));
        if row.platform == "everybody" {
            continue;
        }
        let path = place(&operation.path, &ids);
        let nobody = ask(running, &operation, &path, "").await;
        assert_eq!(nobody.status, 401, "{} without a credential", operation.id);
        for caller in &callers {
            let Some(wanted) = caller.refusal(&operation, row) else {
                continue;
            };
            let answer = ask(running, &operation, &path, &caller.token).await;
            assert_eq!(
                answer.status, wanted,
                "{} by {}: {answer:?}",
                operation.id, caller.name
            );
            asked += 1;
        }
    }
    assert!(asked > 1_000, "{asked}");
    let after = contents(&running.url, RESTLESS).await.unwrap();
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table} has changed");
    }
}

/// What a merchant's people and keys may see for themselves shows nothing of another merchant.
#[tokio::test]
async fn what_is_shown_is_the_callers_own() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (own, other) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    let ids = things_of(&running, &admin, &other).await;
    let callers = callers(&running, &admin, &own).await;
    let secret: Vec<_> = ids
        .iter()
        .filter(|(name, _)| !matches!(**name, "name" | "app_id"))
        .map(|(_, id)| id.clone())
        .collect();
    let mut shown = 0;
    for operation in operations() {
        // A stream of events does not end; who may open one is tried like everything else.
        if operation.method != "GET" || operation.path.ends_with("-stream") {
            continue;
        }
        let own_ids = BTreeMap::from([
            ("merchant_id", own.clone()),
            ("name", "NEW_CUSTOMER".to_owned()),
            ("app_id", ids["app_id"].clone()),
        ]);
        let needed = operation.path.matches('{').count();
        if own_ids
            .keys()
            .filter(|name| operation.path.contains(&format!("{{{name}}}")))
            .count()
            < needed
        {
            continue;
        }
        let path = place(&operation.path, &own_ids);
        for caller in callers.iter().filter(|caller| caller.platform.is_none()) {
            let answer = ask(&running, &operation, &path, &caller.token).await;
            shown += u32::from(answer.status == 200);
            for id in &secret {
                assert!(
                    !answer.text.contains(id),
                    "{} by {} shows {id}",
                    operation.id,
                    caller.name
                );
            }
        }
    }
    assert!(shown > 50, "{shown}");
}

/// Another merchant's things are not there under the caller's own merchant either.
#[tokio::test]
async fn an_id_of_another_merchant_is_not_found_under_ones_own() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let (own, other) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    let mut ids = things_of(&running, &admin, &other).await;
    ids.insert("merchant_id", own.clone());
    // Which apps there are is no secret, and installing one is the merchant's own affair.
    ids.insert("app_id", "app_01h455vb4pex5vsknk084sn02q".to_owned());
    let owner = "owner@a.example";
    running
        .add_user(owner, None, &[(&own, MerchantRole::Owner)])
        .await;
    let owner = running.log_in(owner).await;
    let before = contents(&running.url, RESTLESS).await.unwrap();
    let mut asked = 0;
    for operation in operations() {
        let named = operation.path.strip_prefix("/v1/merchants/{merchant_id}/");
        if !named.is_some_and(|rest| rest.contains('{')) {
            continue;
        }
        let path = place(&operation.path, &ids);
        let answer = ask(&running, &operation, &path, &owner).await;
        assert_eq!(answer.status, 404, "{}: {answer:?}", operation.id);
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
    let after = contents(&running.url, RESTLESS).await.unwrap();
    assert_eq!(before["endpoints"], after["endpoints"]);
    assert_eq!(before["jobs"], after["jobs"]);
    assert_eq!(before["audit_log"], after["audit_log"]);
}
