//! The scenario of `make clients`, by the client that progenitor makes: an event that cannot be delivered, and is
//! when it is retried.
//!
//!     rust-client URL EMAIL PASSWORD

mod receiver;

/// What progenitor made.
#[allow(warnings, clippy::all)]
mod hookyard {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

use std::env;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use hookyard::types::{
    CreateEndpoint, CreateMerchant, CreateStore, Delivery, DeliveryStatus, Dialect, Login, Outcome,
    PublishEvent,
};
use hookyard::{Client, types};
use reqwest::header::{AUTHORIZATION, HeaderMap};

use receiver::Receiver;

/// For one delivery to come where it must.
const DEADLINE: Duration = Duration::from_secs(20);
/// Between two looks at it: the API gives no signal for this.
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, email, password] = arguments.as_slice() else {
        bail!("rust-client URL EMAIL PASSWORD");
    };
    let client = log_in(url, email, password).await?;
    println!("logged in as {email}");
    fail_and_retry(&client).await
}

async fn log_in(url: &str, email: &str, password: &str) -> Result<Client> {
    let login = Login::builder().email(email).password(password);
    let token = Client::new(url).create_token().body(login).send().await?;
    let mut headers = HeaderMap::new();
    let credential = format!("Bearer {}", token.access_token);
    headers.insert(AUTHORIZATION, credential.parse()?);
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()?;
    Ok(Client::new_with_client(url, http))
}

async fn fail_and_retry(client: &Client) -> Result<()> {
    let receiver = Receiver::start().await?;
    let store = CreateStore::builder().name("Rust Store");
    let merchant = CreateMerchant::builder().name("Rust Store").store(store);
    let merchant = client
        .create_merchant()
        .body(merchant)
        .send()
        .await?
        .into_inner();
    println!("created merchant {}", *merchant.id);

    let endpoint = CreateEndpoint::builder()
        .url(&receiver.url)
        .dialect(Dialect::Flexype)
        .event_types(["PRODUCT_VIEWED".to_owned()])
        .schedule(vec!["1s".parse()?]);
    let endpoint = client
        .create_endpoint()
        .merchant_id(merchant.id.clone())
        .body(endpoint)
        .send()
        .await?;
    println!("created endpoint {}", *endpoint.id);

    let kind = client
        .get_event_type()
        .name("PRODUCT_VIEWED")
        .send()
        .await?
        .into_inner();
    let event = PublishEvent::builder()
        .event_type(kind.name)
        .payload(kind.example);
    let published = client
        .publish_event()
        .merchant_id(merchant.id.clone())
        .body(event)
        .send()
        .await?;
    println!("published event {}", published.event_id);

    let [delivery] = published.deliveries.as_slice() else {
        bail!("{:?}", published.deliveries);
    };
    let failed = until(client, &merchant.id, &delivery.id, DeliveryStatus::Failed).await?;
    ensure!(
        failed.attempt_count == 2 && failed.last_http_status == Some(500),
        "{failed:?}"
    );
    println!("failed after {} attempts", failed.attempt_count);

    receiver.recover();
    client
        .retry_delivery()
        .merchant_id(merchant.id.clone())
        .delivery_id(delivery.id.clone())
        .send()
        .await?;
    until(
        client,
        &merchant.id,
        &delivery.id,
        DeliveryStatus::Succeeded,
    )
    .await?;
    println!("retried: succeeded");
    read_attempts(client, &merchant.id, &delivery.id).await
}

/// Reads a delivery again and again until it has this status.
async fn until(
    client: &Client,
    merchant_id: &types::MerchantId,
    delivery_id: &types::DeliveryId,
    status: DeliveryStatus,
) -> Result<Delivery> {
    let look = || {
        client
            .get_delivery()
            .merchant_id(merchant_id.clone())
            .delivery_id(delivery_id.clone())
            .send()
    };
    let wait = async {
        loop {
            let delivery = look().await?.into_inner();
            if delivery.status == status {
                return Ok(delivery);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let end = tokio::time::timeout(DEADLINE, wait).await;
    end.with_context(|| format!("it is not {status}"))?
}

async fn read_attempts(
    client: &Client,
    merchant_id: &types::MerchantId,
    delivery_id: &types::DeliveryId,
) -> Result<()> {
    let attempts = client
        .list_attempts()
        .merchant_id(merchant_id.clone())
        .delivery_id(delivery_id.clone())
        .send()
        .await?
        .into_inner();
    for attempt in &attempts.data {
        println!(
            "attempt {}: {} by {}",
            attempt.number, attempt.outcome, attempt.trigger
        );
    }
    let outcomes: Vec<Outcome> = attempts
        .data
        .iter()
        .map(|attempt| attempt.outcome)
        .collect();
    ensure!(
        outcomes == [Outcome::HttpStatus, Outcome::HttpStatus, Outcome::Success],
        "{outcomes:?}"
    );
    Ok(())
}
