//! E: guesses at who and what is there.

use futures::FutureExt as _;
use futures::future::join;
use serde_json::json;
use testkit::rest::Answer;

use super::corpus::{Entry, case, not_ours, within};
use super::scene::{PASSWORD, Scene};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        case("E03", |scene| invited_again(scene).boxed_local()),
        not_ours(
            "E04",
            "nobody signs up by themselves: people are added or invited",
        ),
        case("E05", |scene| wrong_passwords(scene).boxed_local()),
        within(
            "E06",
            "crates/admin/tests/it/limits.rs",
            "many_wrong_keys_from_one_address_are_throttled_and_right_ones_go_on",
        ),
        case("E08", |scene| in_sequence(scene).boxed_local()),
        within(
            "E10",
            "crates/admin/tests/it/limits.rs",
            "one_address_that_tries_many_accounts_waits_and_may_not_say_it_is_another",
        ),
    ]
}

/// Somebody who is in is invited like a stranger.
async fn invited_again(scene: &Scene) -> Answer {
    let path = scene.path("/invitations");
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "viewer"});
        scene.owner.post(&path, &body).await
    };
    let stranger = invite("stranger@example.com").await.expect(202);
    let member = invite("viewer@example.com").await;
    let shape = |body: &serde_json::Value| -> Vec<(String, bool)> {
        let fields = body.as_object().expect("an object").iter();
        fields
            .map(|(name, value)| (name.clone(), value.is_null()))
            .collect()
    };
    assert_eq!(shape(&member.clone().expect(202)), shape(&stranger));
    member
}

/// A hundred wrong passwords of one account in ten minutes, then none is looked at any more, right or wrong.
async fn wrong_passwords(scene: &Scene) -> Answer {
    let merchant = scene.merchant().await;
    scene
        .person("guessed@example.com", &merchant, "viewer")
        .await;
    let nobody = scene.admin().logged_out();
    let login = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        nobody.post("/v1/auth/token", &body).await
    };
    // Two at once, as passwords are hashed: more might be told to come again.
    for number in 0..50 {
        let (one, two) = (
            format!("wrong guess a{number}"),
            format!("wrong guess b{number}"),
        );
        let [one, two] = [&one, &two].map(|guess| login("guessed@example.com", guess));
        for answer in <[Answer; 2]>::from(join(one, two).await) {
            assert_eq!(answer.problem(401), "unauthenticated");
        }
    }
    let more = login("guessed@example.com", "wrong guess 100").await;
    assert_eq!(more.problem(429), "quota-exceeded");
    let seconds: u64 = more.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
    login("owner@example.com", PASSWORD).await.expect(200);
    // The right password waits as well, however the account is spelled.
    login("Guessed@Example.com", PASSWORD).await
}

/// The neighbours of an id that exists are nobody's.
async fn in_sequence(scene: &Scene) -> Answer {
    let body = scene.endpoint_body();
    let merchant = scene.stage.merchant.clone();
    let endpoint = scene.endpoint_of(&merchant, &body).await;
    let id = endpoint["id"].as_str().unwrap();
    let (front, last) = id.split_at(id.len() - 1);
    let mut answers = Vec::new();
    for letter in "0123456789abcdefghjkmnpqrstvwxyz".chars() {
        if last.starts_with(letter) {
            continue;
        }
        let path = scene.path(&format!("/endpoints/{front}{letter}"));
        let answer = scene.owner.get(&path).await;
        assert_eq!(answer.problem(404), "not-found");
        answers.push(answer);
    }
    // Two made one after the other differ in their random part, not by one.
    let next = scene.endpoint_of(&merchant, &body).await;
    let next = next["id"].as_str().unwrap();
    assert_ne!(id[id.len() - 12..], next[next.len() - 12..]);
    answers.pop().expect("a neighbour")
}
