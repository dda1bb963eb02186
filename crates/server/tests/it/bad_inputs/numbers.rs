//! J: JSON that is right, however odd, arrives byte for byte, and the signature is over those bytes.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use testkit::rest::Answer;

use super::corpus::{Entry, case};
use super::scene::{Arrived, Scene};

/// An object with as many keys as fit may take so much longer than one text of the same size, at most.
const SLOWER: Duration = Duration::from_secs(2);

pub(super) fn entries() -> Vec<Entry> {
    vec![
        same("J15", r#"{"a":"\u0000"}"#),
        same("J28", r#"{"product_viewed":{"product_id":9945414435106}}"#),
        same("J32", r#"{"total":247.50}"#),
        same("J33", r#"{"large":1e400}"#),
        same("J35", r#"{"total":1E+2}"#),
        same("J38", "{\r\n\t\"a\" :  [ 1 ,\r\n 2 ]\r\n}"),
        same("J40", "{\"a\":\"\\u00e9 \u{e9} \\/ /\"}"),
        same("J41", r#"{"html":"<b>&</b>"}"#),
        case("J46", |scene| many_keys(scene).boxed_local()),
    ]
}

fn same(id: &'static str, payload: &'static str) -> Entry {
    case(id, move |scene| {
        arrives_as_it_is(scene, payload).boxed_local()
    })
}

async fn arrives_as_it_is(scene: &Scene, payload: &str) -> Answer {
    let arrived = scene.arrives(payload).await;
    let body = std::str::from_utf8(&arrived.request.body).expect("a body of text");
    assert!(body.contains(payload), "{payload} became {body}");
    assert!(signed(&arrived), "the signature is over other bytes");
    arrived.answer
}

/// Whether the signature is over the bytes that came. Source: Standard Webhooks, "Signature scheme".
fn signed(arrived: &Arrived) -> bool {
    let header = |name: &str| {
        arrived
            .request
            .header(name)
            .expect("a header of signatures")
    };
    let key = arrived
        .secret
        .strip_prefix("whsec_")
        .expect("a signing secret");
    let key = STANDARD.decode(key).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&arrived.request.body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    header("webhook-signature") == format!("v1,{signature}")
}

/// As many keys as 256 KiB hold: a parser that hashes them badly would take minutes.
async fn many_keys(scene: &Scene) -> Answer {
    let plain = format!(r#"{{"a":"{}"}}"#, "x".repeat(262_000));
    let mut keys = String::from("{");
    for number in 0.. {
        let member = format!("\"{number:x}\":0,");
        if keys.len() + member.len() > 262_000 {
            break;
        }
        keys.push_str(&member);
    }
    keys.pop();
    keys.push('}');
    let began = Instant::now();
    scene.arrives(&plain).await;
    let plain = began.elapsed();
    let began = Instant::now();
    let arrived = scene.arrives(&keys).await;
    let took = began.elapsed();
    assert!(
        took < plain + SLOWER,
        "{took:?}, one text of the same size {plain:?}"
    );
    arrived.answer
}
