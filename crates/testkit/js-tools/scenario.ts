// The scenario of `make clients`, by openapi-fetch and the types that openapi-typescript makes: an event that
// cannot be delivered, and is when it is retried. `./api.js` is what was made.
//
//   node scenario.js URL EMAIL PASSWORD

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];
type Answer<T> = { data?: T; error?: Schemas["Problem"]; response: Response };

/** For one delivery to come where it must, in milliseconds. */
const DEADLINE_MS = 20_000;

/** The body of a success; a problem is thrown. */
function body<T>({ data, error, response }: Answer<T>): T {
  if (error !== undefined || data === undefined) {
    throw new Error(`${response.status} ${error?.type}: ${error?.detail}`);
  }
  return data;
}

function expect(holds: boolean, what: unknown): void {
  if (!holds) throw new Error(JSON.stringify(what));
}

/** A receiver that answers 500 until it recovers. */
async function receiver() {
  let status = 500;
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const recover = () => {
    status = 200;
  };
  return { url: `http://127.0.0.1:${port}/hook`, recover, server };
}

async function logIn(baseUrl: string, email: string, password: string) {
  const open = createClient<paths>({ baseUrl });
  const token = body(await open.POST("/v1/auth/token", { body: { email, password } }));
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token.access_token}` } });
}

/** Reads a delivery again and again until it has this status: the API gives no signal for this. */
async function until(
  client: Client<paths>,
  path: { merchant_id: Schemas["MerchantId"]; delivery_id: Schemas["DeliveryId"] },
  status: Schemas["DeliveryStatus"],
): Promise<Schemas["Delivery"]> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const url = "/v1/merchants/{merchant_id}/deliveries/{delivery_id}";
    const delivery = body(await client.GET(url, { params: { path } }));
    if (delivery.status === status) return delivery;
    expect(Date.now() < end, delivery);
    await pause(50);
  }
}

async function failAndRetry(client: Client<paths>, hook: { url: string; recover: () => void }) {
  const store = { name: "TypeScript Store" };
  const merchant = body(await client.POST("/v1/merchants", { body: { name: "TypeScript Store", store } }));
  console.log(`created merchant ${merchant.id}`);
  const path = { merchant_id: merchant.id };

  const wanted: Schemas["CreateEndpoint"] = {
    url: hook.url,
    dialect: "flexype",
    event_types: ["PRODUCT_VIEWED"],
    schedule: ["1s"],
  };
  const endpoints = "/v1/merchants/{merchant_id}/endpoints";
  const endpoint = body(await client.POST(endpoints, { params: { path }, body: wanted }));
  console.log(`created endpoint ${endpoint.id}`);

  const named = { params: { path: { name: "PRODUCT_VIEWED" } } };
  const { name, example } = body(await client.GET("/v1/event-types/{name}", named));
  const event = { event_type: name, payload: example };
  const events = "/v1/merchants/{merchant_id}/events";
  const published = body(await client.POST(events, { params: { path }, body: event }));
  console.log(`published event ${published.event_id}`);

  const [made] = published.deliveries;
  if (made === undefined) throw new Error("there is no delivery");
  const delivery = { ...path, delivery_id: made.id };
  const failed = await until(client, delivery, "failed");
  expect(failed.attempt_count === 2 && failed.last_http_status === 500, failed);
  console.log(`failed after ${failed.attempt_count} attempts`);

  hook.recover();
  const retry = "/v1/merchants/{merchant_id}/deliveries/{delivery_id}/retry";
  body(await client.POST(retry, { params: { path: delivery } }));
  await until(client, delivery, "succeeded");
  console.log("retried: succeeded");

  const log = "/v1/merchants/{merchant_id}/deliveries/{delivery_id}/attempts";
  const { data } = body(await client.GET(log, { params: { path: delivery } }));
  for (const { number, outcome, trigger } of data) {
    console.log(`attempt ${number}: ${outcome} by ${trigger}`);
  }
  const outcomes = data.map(({ outcome }) => outcome).join();
  expect(outcomes === "http_status,http_status,success", data);
}

const [url, email, password] = process.argv.slice(2);
if (url === undefined || email === undefined || password === undefined) {
  throw new Error("scenario.js URL EMAIL PASSWORD");
}
const client = await logIn(url, email, password);
console.log(`logged in as ${email}`);
const hook = await receiver();
try {
  await failAndRetry(client, hook);
} finally {
  hook.server.close();
}
