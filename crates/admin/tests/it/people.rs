//! People: invited, given roles, logged in, forgetful, and gone again.

use serde_json::{Value, json};
use storage::users::{MerchantRole, PlatformRole};
use testkit::mailbox::Mailbox;

use crate::running::{Answer, PASSWORD, Running};

const NEW: &str = "staple battery horse";

/// Runs a case on both databases.
macro_rules! on_both {
    ($($case:ident $on_postgres:ident;)*) => {$(
        #[tokio::test]
        async fn $on_postgres() {
            $case(&Running::start_on_postgres().await).await;
        }
    )*};
}

on_both! {
    an_invitation_lets_in_once an_invitation_lets_in_once_on_postgres;
    the_last_owner_stays the_last_owner_stays_on_postgres;
    the_last_admin_stays the_last_admin_stays_on_postgres;
    a_password_is_changed_and_reset a_password_is_changed_and_reset_on_postgres;
    a_portal_link_lets_in_to_one_merchant a_portal_link_lets_in_to_one_merchant_on_postgres;
    logins_are_seen_and_ended logins_are_seen_and_ended_on_postgres;
}

/// What stands after `#token=` of a link.
fn token_of(answer: &Value) -> String {
    let url = answer["url"].as_str().unwrap_or_else(|| panic!("{answer}"));
    url.split_once("#token=").unwrap().1.to_owned()
}

fn access(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The fields that a problem names.
fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{answer:?}");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    let pointer = |error: &Value| error["pointer"].as_str().unwrap().to_owned();
    errors.iter().map(pointer).collect()
}

async fn accept(running: &Running, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    running.post("/v1/auth/invitations/accept", "", &body).await
}

/// An owner of a merchant, logged in.
async fn owner(running: &Running, merchant: &str) -> String {
    let role = MerchantRole::Owner;
    running
        .add_user("owner@a.example", None, &[(merchant, role)])
        .await;
    running.log_in("owner@a.example").await
}

#[tokio::test]
async fn an_invitation_makes_an_account_once() {
    an_invitation_lets_in_once(&Running::start().await).await;
}

async fn an_invitation_lets_in_once(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let owner = owner(running, &merchant).await;
    let list = format!("/v1/merchants/{merchant}/invitations");
    let body = json!({ "email": "Joe@Example.com", "role": "developer" });
    let first = running.post(&list, &owner, &body).await;
    assert_eq!(first.status, 202, "{first:?}");
    // Asked again: the newer one counts.
    let second = running.post(&list, &owner, &body).await.json();
    let listed = running.get(&list, &owner).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["data"][0]["id"], second["id"]);
    assert_eq!(listed["data"][0]["url"], Value::Null);
    let old = accept(running, &token_of(&first.json()), NEW).await;
    assert_eq!(old.slug(), "unauthenticated");

    let token = token_of(&second);
    let short = accept(running, &token, "short").await;
    assert_eq!(fields(&short), ["/password"]);
    // Two at the same moment: one is let in, and there is one account.
    let (first, second) = tokio::join!(accept(running, &token, NEW), accept(running, &token, NEW));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204, "{first:?} {second:?}");
    assert!(matches!(statuses[1], 401 | 409), "{first:?} {second:?}");
    let again = accept(running, &token, NEW).await;
    assert_eq!(again.slug(), "unauthenticated");
    let joe = access(&running.log_in_with("joe@example.com", NEW).await);
    let me = running.get("/v1/me", &joe).await.json();
    let member = json!([{ "merchant_id": merchant, "role": "developer" }]);
    assert_eq!(me["memberships"], member);
    let members = format!("/v1/merchants/{merchant}/members");
    let members = running.get(&members, &joe).await.json();
    assert_eq!(members["data"].as_array().unwrap().len(), 2, "{members}");
    let log = format!("/v1/merchants/{merchant}/audit-log");
    let log = running.get(&log, &owner).await.json();
    let entry = &log["data"][0];
    assert_eq!(entry["action"], "acceptInvitation", "{log}");
    assert_eq!(entry["actor_name"], "joe@example.com");
}

/// Removing somebody withdraws what would let them in again, and leaves them their account.
#[tokio::test]
async fn whoever_is_removed_is_out() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let owner = owner(&running, &merchant).await;
    let joe = running
        .add_user("joe@a.example", None, &[(&merchant, MerchantRole::Viewer)])
        .await;
    let token = running.log_in("joe@a.example").await;
    let list = format!("/v1/merchants/{merchant}/invitations");
    let body = json!({ "email": "joe@a.example", "role": "owner" });
    let invited = running.post(&list, &owner, &body).await.json();
    let member = format!("/v1/merchants/{merchant}/members/{joe}");
    assert_eq!(running.delete(&member, &owner).await.status, 204);
    let late = accept(&running, &token_of(&invited), PASSWORD).await;
    assert_eq!(late.slug(), "unauthenticated");
    for own in ["/v1/me", "/v1/me/logins"] {
        assert_eq!(running.get(own, &token).await.status, 200, "{own}");
    }
    let foreign = format!("/v1/merchants/{merchant}");
    assert_eq!(running.get(&foreign, &token).await.slug(), "not-found");
}

/// Whether the email has an account is not told, and a role that is higher stays.
#[tokio::test]
async fn an_invitation_of_somebody_who_is_in_looks_the_same() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let owner = owner(&running, &merchant).await;
    let list = format!("/v1/merchants/{merchant}/invitations");
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role": "viewer" });
        let answer = running.post(&list, &owner, &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()
    };
    let (stranger, member) = (
        invite("joe@example.com").await,
        invite("owner@a.example").await,
    );
    let shape = |answer: &Value| -> Vec<(String, bool)> {
        let fields = answer.as_object().unwrap().iter();
        fields
            .map(|(name, value)| (name.clone(), value.is_null()))
            .collect()
    };
    assert_eq!(shape(&stranger), shape(&member));
    let token = token_of(&member);
    // Whoever holds the link must be who has the account.
    let stranger_tries = accept(&running, &token, NEW).await;
    assert_eq!(fields(&stranger_tries), ["/password"]);
    assert_eq!(accept(&running, &token, PASSWORD).await.status, 204);
    let me = running.get("/v1/me", &owner).await.json();
    assert_eq!(me["memberships"][0]["role"], "owner", "{me}");

    let withdrawn = format!("{list}/{}", stranger["id"].as_str().unwrap());
    assert_eq!(running.delete(&withdrawn, &owner).await.status, 204);
    assert_eq!(running.delete(&withdrawn, &owner).await.slug(), "not-found");
    let late = accept(&running, &token_of(&stranger), NEW).await;
    assert_eq!(late.slug(), "unauthenticated");
}

#[tokio::test]
async fn the_platform_and_apps_invite_too() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let body = json!({ "email": "ops@example.com", "platform_role": "operator" });
    let invited = running.post("/v1/invitations", &admin, &body).await.json();
    let listed = running.get("/v1/invitations", &admin).await.json();
    assert_eq!(listed["data"][0]["id"], invited["id"], "{listed}");
    accept(&running, &token_of(&invited), NEW).await;
    let ops = access(&running.log_in_with("ops@example.com", NEW).await);
    let me = running.get("/v1/me", &ops).await.json();
    assert_eq!(me["platform_role"], "operator");

    let app = running
        .post("/v1/apps", &admin, &json!({ "name": "Mailer" }))
        .await
        .json();
    let app = app["id"].as_str().unwrap();
    let list = format!("/v1/apps/{app}/invitations");
    let body = json!({ "email": "dev@example.com" });
    let invited = running.post(&list, &admin, &body).await.json();
    accept(&running, &token_of(&invited), NEW).await;
    let dev = access(&running.log_in_with("dev@example.com", NEW).await);
    let me = running.get("/v1/me", &dev).await.json();
    assert_eq!(me["app_ids"], json!([app]));
    let endpoint = json!({ "url": "https://app.example/x", "dialect": "flexype", "event_types": ["NEW_CUSTOMER"] });
    let endpoints = format!("/v1/apps/{app}/endpoints");
    assert_eq!(running.post(&endpoints, &dev, &endpoint).await.status, 201);
    assert_eq!(running.get("/v1/merchants", &dev).await.slug(), "forbidden");
    // Who invites whom is the platform's affair.
    assert_eq!(running.get(&list, &dev).await.slug(), "forbidden");
}

#[tokio::test]
async fn a_merchant_keeps_an_owner() {
    the_last_owner_stays(&Running::start().await).await;
}

async fn the_last_owner_stays(running: &Running) {
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let owner = owner(running, &merchant).await;
    let joe = running
        .add_user("joe@a.example", None, &[(&merchant, MerchantRole::Owner)])
        .await;
    let members = format!("/v1/merchants/{merchant}/members");
    let me = running.get("/v1/me", &owner).await.json();
    let own = format!("{members}/{}", me["id"].as_str().unwrap());
    let other = format!("{members}/{joe}");
    let role = |role: &str| json!({ "role": role }).to_string();
    let joe = running.log_in("joe@a.example").await;
    assert_eq!(
        running
            .send("PUT", &other, &owner, &[], &role("viewer"))
            .await
            .status,
        200
    );
    // At once, without a new login.
    let body = json!({ "email": "x@example.com", "role": "viewer" });
    let invitations = format!("/v1/merchants/{merchant}/invitations");
    assert_eq!(
        running.post(&invitations, &joe, &body).await.slug(),
        "forbidden"
    );
    for refused in [
        running
            .send("PUT", &own, &owner, &[], &role("developer"))
            .await,
        running.delete(&own, &owner).await,
    ] {
        assert_eq!((refused.status, refused.slug()), (409, "conflict".into()));
    }
    assert_eq!(running.delete(&other, &owner).await.status, 204);
    assert_eq!(running.get(&members, &joe).await.slug(), "not-found");
    assert_eq!(running.delete(&other, &owner).await.slug(), "not-found");
    // The platform may.
    assert_eq!(running.delete(&own, &admin).await.status, 204);
    let left = running.get(&members, &admin).await.json();
    assert_eq!(left["data"], json!([]));
}

#[tokio::test]
async fn the_platform_keeps_an_admin() {
    the_last_admin_stays(&Running::start().await).await;
}

async fn the_last_admin_stays(running: &Running) {
    let admin = running.admin().await;
    let other = running
        .add_user("second@example.com", Some(PlatformRole::Admin), &[])
        .await;
    let second = running.log_in("second@example.com").await;
    let me = running.get("/v1/me", &admin).await.json();
    let own = format!("/v1/users/{}", me["id"].as_str().unwrap());
    let other = format!("/v1/users/{other}");
    let demoted = json!({ "platform_role": null });
    // Each demotes the other at the same moment: one of them stays an admin.
    let (first, then) = tokio::join!(
        running.patch(&other, &admin, &demoted),
        running.patch(&own, &second, &demoted)
    );
    let mut statuses = [first.status, then.status];
    statuses.sort_unstable();
    // The slower one is told so, or is no admin any more by then.
    assert_eq!(statuses[0], 200, "{first:?} {then:?}");
    assert!(matches!(statuses[1], 403 | 409), "{first:?} {then:?}");
    let (left, its, gone) = if first.status == 200 {
        (&admin, &own, &other)
    } else {
        (&second, &other, &own)
    };
    assert_eq!(running.delete(its, left).await.slug(), "conflict");
    assert_eq!(running.patch(its, left, &demoted).await.slug(), "conflict");
    assert_eq!(running.delete(gone, left).await.status, 204);
    assert_eq!(running.get(gone, left).await.slug(), "not-found");
}

#[tokio::test]
async fn a_user_is_changed_and_deleted() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let jane = running
        .add_user("jane@example.com", Some(PlatformRole::Operator), &[])
        .await;
    let path = format!("/v1/users/{jane}");
    let token = running.log_in("jane@example.com").await;
    let change = json!({ "platform_role": null, "memberships": [{ "merchant_id": merchant, "role": "viewer" }] });
    let changed = running.patch(&path, &admin, &change).await.json();
    assert_eq!(changed["platform_role"], Value::Null);
    assert_eq!(running.get(&path, &admin).await.json(), changed);
    let me = running.get("/v1/me", &token).await.json();
    assert_eq!(me["memberships"], change["memberships"]);
    // What is left out stays.
    let kept = running.patch(&path, &admin, &json!({})).await.json();
    assert_eq!(kept, changed);
    let unknown = json!({ "memberships": [{ "merchant_id": "mer_01h455vb4pex5vsknk084sn02q", "role": "viewer" }], "app_ids": ["app_01h455vb4pex5vsknk084sn02q"] });
    let refused = running.patch(&path, &admin, &unknown).await;
    assert_eq!(
        fields(&refused),
        ["/memberships/0/merchant_id", "/app_ids/0"]
    );

    assert_eq!(running.delete(&path, &admin).await.status, 204);
    let after = running.get("/v1/me", &token).await;
    assert_eq!(after.slug(), "unauthenticated");
    let log_in = running.log_in_with("jane@example.com", PASSWORD).await;
    assert_eq!(log_in.slug(), "unauthenticated");
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner_and_reset_by_a_link() {
    a_password_is_changed_and_reset(&Running::start().await).await;
}

async fn a_password_is_changed_and_reset(running: &Running) {
    let admin = running.admin().await;
    let jane = running
        .add_user("jane@example.com", Some(PlatformRole::Viewer), &[])
        .await;
    let here = running.log_in("jane@example.com").await;
    let elsewhere = running
        .log_in_with("jane@example.com", PASSWORD)
        .await
        .json();
    let change =
        |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let password = "/v1/auth/password";
    let wrong = running.post(password, &here, &change(NEW, NEW)).await;
    assert_eq!(fields(&wrong), ["/current_password"]);
    let short = running
        .post(password, &here, &change(PASSWORD, "short"))
        .await;
    assert_eq!(fields(&short), ["/new_password"]);
    let changed = running.post(password, &here, &change(PASSWORD, NEW)).await;
    assert_eq!(changed.status, 204);
    assert_eq!(running.get("/v1/me", &here).await.status, 200);
    let other = elsewhere["access_token"].as_str().unwrap();
    assert_eq!(running.get("/v1/me", other).await.slug(), "unauthenticated");
    let refresh = json!({ "refresh_token": elsewhere["refresh_token"] });
    let refreshed = running.post("/v1/auth/refresh", "", &refresh).await;
    assert_eq!(refreshed.slug(), "unauthenticated");

    let make = format!("/v1/users/{jane}/password-reset");
    assert_eq!(
        running.post(&make, &here, &json!({})).await.slug(),
        "forbidden"
    );
    let (first, second) = (
        running.post(&make, &admin, &json!({})).await.json(),
        running.post(&make, &admin, &json!({})).await.json(),
    );
    let elsewhere = running.log_in_with("jane@example.com", NEW).await.json();
    let confirm = async |link: &Value, password: &str| {
        let body = json!({ "token": token_of(link), "password": password });
        running
            .post("/v1/auth/password-reset/confirm", "", &body)
            .await
    };
    assert_eq!(fields(&confirm(&first, "short").await), ["/password"]);
    // Twice at the same moment: once.
    let (one, other) = tokio::join!(confirm(&first, PASSWORD), confirm(&first, PASSWORD));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401]);
    let refresh = json!({ "refresh_token": elsewhere["refresh_token"] });
    let refreshed = running.post("/v1/auth/refresh", "", &refresh).await;
    assert_eq!(refreshed.slug(), "unauthenticated");
    for used in [&first, &second] {
        assert_eq!(confirm(used, NEW).await.slug(), "unauthenticated");
    }
    assert_eq!(running.get("/v1/me", &here).await.slug(), "unauthenticated");
    let old = running.log_in_with("jane@example.com", NEW).await;
    assert_eq!(old.slug(), "unauthenticated");
    running.log_in("jane@example.com").await;
    // A portal's token resets nothing, and the other way round.
    let third = running.post(&make, &admin, &json!({})).await.json();
    let portal = json!({ "token": token_of(&third) });
    let opened = running.post("/v1/auth/portal", "", &portal).await;
    assert_eq!(opened.slug(), "unauthenticated");
}

#[tokio::test]
async fn a_portal_link_lets_its_bearer_in_to_one_merchant() {
    a_portal_link_lets_in_to_one_merchant(&Running::start().await).await;
}

async fn a_portal_link_lets_in_to_one_merchant(running: &Running) {
    let admin = running.admin().await;
    let (merchant, other) = (
        running.merchant(&admin).await,
        running.merchant(&admin).await,
    );
    let links = format!("/v1/merchants/{merchant}/portal-links");
    let owner = owner(running, &merchant).await;
    let body = json!({ "role": "viewer", "expires_in": "10m", "label": "Jane" });
    assert_eq!(
        running.post(&links, &owner, &body).await.slug(),
        "forbidden"
    );
    let wrong = json!({ "role": "owner", "expires_in": "25h", "label": "a\nb" });
    let refused = running.post(&links, &admin, &wrong).await;
    assert_eq!(fields(&refused), ["/role", "/expires_in", "/label"]);
    let link = running.post(&links, &admin, &body).await.json();
    assert_eq!(link["token"], token_of(&link));

    let open = json!({ "token": link["token"] });
    let tokens = running.post("/v1/auth/portal", "", &open).await;
    let token = access(&tokens);
    let expires_in = tokens.json()["expires_in"].as_u64().unwrap();
    assert!((500..=600).contains(&expires_in), "{expires_in}");
    let again = running.post("/v1/auth/portal", "", &open).await;
    assert_eq!(again.slug(), "unauthenticated");
    let me = running.get("/v1/me", &token).await.json();
    assert_eq!((&me["name"], &me["id"]), (&json!("Jane"), &me["login_id"]));
    let own = format!("/v1/merchants/{merchant}/endpoints");
    assert_eq!(running.get(&own, &token).await.status, 200);
    let endpoint = json!({ "url": "https://a.example/x", "dialect": "flexype" });
    assert_eq!(
        running.post(&own, &token, &endpoint).await.slug(),
        "forbidden"
    );
    let foreign = format!("/v1/merchants/{other}/endpoints");
    assert_eq!(running.get(&foreign, &token).await.slug(), "not-found");
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    for answer in [
        running.post("/v1/auth/password", &token, &change).await,
        running.get("/v1/me/logins", &token).await,
    ] {
        assert_eq!(answer.slug(), "forbidden");
    }
    let log = running
        .get("/v1/audit-log?action=openPortal", &admin)
        .await
        .json();
    assert_eq!(log["data"][0]["actor_id"], me["id"]);
    assert_eq!(log["data"][0]["actor_name"], "Jane");
    // It goes on, but never longer than the link says.
    let refresh = json!({ "refresh_token": tokens.json()["refresh_token"] });
    let refreshed = running.post("/v1/auth/refresh", "", &refresh).await;
    let left = refreshed.json()["expires_in"].as_u64().unwrap();
    assert!(left <= expires_in, "{left}");
    let more = running.post(&links, &admin, &body).await.json();
    let ended = running.delete(&links, &owner).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    let token = access(&refreshed);
    assert_eq!(
        running.get("/v1/me", &token).await.slug(),
        "unauthenticated"
    );
    let open = json!({ "token": more["token"] });
    let opened = running.post("/v1/auth/portal", "", &open).await;
    assert_eq!(opened.slug(), "unauthenticated");
    let refresh = json!({ "refresh_token": refreshed.json()["refresh_token"] });
    let gone = running.post("/v1/auth/refresh", "", &refresh).await;
    assert_eq!(gone.slug(), "unauthenticated");
}

#[tokio::test]
async fn people_see_and_end_their_logins() {
    logins_are_seen_and_ended(&Running::start().await).await;
}

async fn logins_are_seen_and_ended(running: &Running) {
    let role = Some(PlatformRole::Viewer);
    running.add_user("jane@example.com", role, &[]).await;
    running.add_user("joe@example.com", role, &[]).await;
    let body = json!({ "email": "jane@example.com", "password": PASSWORD }).to_string();
    let phone = [("user-agent", "A phone")];
    let phone = running
        .send("POST", "/v1/auth/token", "", &phone, &body)
        .await;
    let phone = phone.json()["access_token"].as_str().unwrap().to_owned();
    let here = running.log_in("jane@example.com").await;
    let listed = running.get("/v1/me/logins", &here).await.json();
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{listed}");
    let of_phone = rows.iter().find(|row| row["user_agent"] == "A phone");
    let of_phone = of_phone.unwrap();
    assert_eq!(
        (&of_phone["current"], &of_phone["ip"]),
        (&json!(false), &json!("127.0.0.1"))
    );
    let path = format!("/v1/me/logins/{}", of_phone["id"].as_str().unwrap());
    let joe = running.log_in("joe@example.com").await;
    assert_eq!(running.delete(&path, &joe).await.slug(), "not-found");
    assert_eq!(running.get("/v1/me", &phone).await.status, 200);
    assert_eq!(running.delete(&path, &here).await.status, 204);
    let ended = running.get("/v1/me", &phone).await;
    assert_eq!(ended.slug(), "unauthenticated");
    assert_eq!(running.delete(&path, &here).await.slug(), "not-found");
    assert_eq!(running.get("/v1/me", &here).await.status, 200);

    let admin = running.admin().await;
    let log = "/v1/audit-log?action=createToken&action=revokeLogin";
    let log = running.get(log, &admin).await.json();
    let entries = log["data"].as_array().unwrap();
    let noted: Vec<_> = entries
        .iter()
        .map(|entry| (entry["action"].as_str(), entry["actor_name"].as_str()))
        .collect();
    assert!(
        noted.contains(&(Some("revokeLogin"), Some("jane@example.com"))),
        "{noted:?}"
    );
    let jane = (Some("createToken"), Some("jane@example.com"));
    assert_eq!(noted.iter().filter(|entry| **entry == jane).count(), 2);
}

#[tokio::test]
async fn links_are_mailed_where_there_is_a_mail_server() {
    let mut mailbox = Mailbox::start().await;
    let running = Running::start_mailing(&mailbox).await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let owner = owner(&running, &merchant).await;
    let body = json!({ "email": "joe@example.com", "role": "viewer" });
    let list = format!("/v1/merchants/{merchant}/invitations");
    let invited = running.post(&list, &owner, &body).await;
    // Who gets the mail need not be who invites.
    assert_eq!(
        (invited.status, &invited.json()["url"]),
        (202, &Value::Null)
    );
    let letter = mailbox.next().await;
    assert_eq!(letter.to, "joe@example.com");
    assert!(
        letter
            .text
            .contains("owner@a.example invites you to My Store"),
        "{}",
        letter.text
    );
    assert_eq!(accept(&running, letter.token(), NEW).await.status, 204);

    let forgotten = async |email: &str| {
        let body = json!({ "email": email });
        let answer = running.post("/v1/auth/password-reset", "", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()
    };
    let nobody = forgotten("nobody@example.com").await;
    assert_eq!(forgotten("JOE@example.com").await, nobody);
    // The next mail is joe's: there was none for nobody.
    let letter = mailbox.next().await;
    assert_eq!(letter.to, "joe@example.com");
    let reset = json!({ "token": letter.token(), "password": PASSWORD });
    let confirmed = running.post("/v1/auth/password-reset/confirm", "", &reset);
    assert_eq!(confirmed.await.status, 204);
    running.log_in("joe@example.com").await;
    assert!(mailbox.is_empty());
    // Four more, then no more within the hour; new passwords are counted apart.
    for _ in 0..4 {
        assert_eq!(running.post(&list, &owner, &body).await.status, 202);
        mailbox.next().await;
    }
    let refused = running.post(&list, &owner, &body).await;
    assert_eq!(refused.slug(), "quota-exceeded");
    forgotten("joe@example.com").await;
    assert_eq!(mailbox.next().await.to, "joe@example.com");
}
