// A platform in use: merchants, endpoints of every format with receivers good and bad, deliveries of real payloads,
// shoppers, people, and the ids of one of each.

import { readFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ADMIN, PASSWORD, call } from './stage';

const FIXTURES = new URL('../../crates/testkit/fixtures/', import.meta.url);

/** How each path of the receiver answers; the last takes longer than anybody waits. */
const ANSWERS: Record<string, { status: number; type: string; body: string }> = {
  '/hooks': { status: 200, type: 'application/json', body: '{"received":true}' },
  '/crm': { status: 202, type: 'text/plain', body: 'queued' },
  '/legacy': { status: 404, type: 'text/html', body: '<h1>Not Found</h1><p>nginx</p>' },
  '/erp': {
    status: 500,
    type: 'text/html',
    body: '<html><body><h1>Internal Server Error</h1><p>Deadlock found when trying to get lock</p></body></html>',
  },
  '/busy': { status: 503, type: 'text/plain', body: 'Service Unavailable, try again later' },
};

export type World = {
  ids: Record<string, string>;
  merchants: { id: string; name: string }[];
  /** An event of each type again. */
  publish: () => Promise<void>;
  stop: () => void;
};

function receiver(echo: () => string): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const path = new URL(request.url ?? '/', 'http://receiver').pathname;
      const answer = ANSWERS[path];
      if (path === '/slow') return;
      if (path === '/echo') {
        response.writeHead(500, {
          'content-type': 'text/html',
          'x-markup': '<img src=x onerror=alert(2)>',
        });
        response.end(echo());
        return;
      }
      // As far away as a data centre is.
      setTimeout(
        () => {
          response.writeHead(answer?.status ?? 200, {
            'content-type': answer?.type ?? 'text/plain',
          });
          response.end(answer?.body ?? '');
        },
        8 + Math.random() * 60,
      );
    });
  });
  return new Promise((ready) =>
    server.listen(0, '127.0.0.1', () =>
      ready({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
    ),
  );
}

/** The payload of a type, as its platform spells it. */
function payload(dialect: string, type: string): string {
  const name = dialect === 'flexype' ? type.toLowerCase() : type;
  return readFileSync(new URL(`payloads/${dialect}/${name}.json`, FIXTURES), 'utf8');
}

/** What is dangerous to show, out of the repository's collection of bad input. */
export function hostile(): string[] {
  const inputs: { group: string; input: string }[] = JSON.parse(
    readFileSync(new URL('bad_inputs.json', FIXTURES), 'utf8'),
  );
  const markup = inputs
    .filter(({ input }) => /<|javascript:/.test(input))
    .map(({ input }) => input);
  return [
    ...markup,
    '<script>window.hostile = true</script>',
    '"><svg onload="window.hostile = true">',
    '<img src=x onerror="window.hostile = true">',
  ];
}

export const FLEXYPE = [
  'ABANDONED_SESSION',
  'ABANDONED_CHECKOUT',
  'PRODUCT_VIEWED',
  'COLLECTION_VIEWED',
  'NEW_CUSTOMER',
];
export const FLASHY = [
  'page_view',
  'add_to_cart',
  'purchase',
  'contact_created',
  'email_automation_opened',
  'incoming_sms',
];
const CARTHOOK = ['checkouts/created', 'checkouts/updated', 'checkouts/completed'];

const STORES = [
  {
    name: 'Negev Coffee Roasters',
    store: {
      name: 'Negev Coffee',
      shopify_domain: 'negev-coffee.myshopify.com',
      main_domain: 'negevcoffee.example',
      currency: 'USD',
    },
  },
  {
    name: 'חנות הפרחים של מיכל',
    store: {
      name: 'הפרחים של מיכל',
      shopify_domain: 'michal-flowers.myshopify.com',
      main_domain: 'flowers.example',
      currency: 'ILS',
    },
  },
  {
    name: 'Blue Harbor Outdoors',
    store: { name: 'Blue Harbor', main_domain: 'blueharbor.example', currency: 'EUR' },
  },
  {
    name: 'סטודיו לעיצוב תל אביב',
    store: { name: 'עיצוב תל אביב', main_domain: 'studio.example', currency: 'ILS' },
  },
  {
    name: 'North Pine Supply Co',
    store: { name: 'North Pine', shopify_domain: 'north-pine.myshopify.com', currency: 'CAD' },
  },
];

/** Makes it all. `events` is how many events each merchant publishes of each type. */
export async function makeWorld({ events = 1, isHostile = false } = {}): Promise<World> {
  const { access_token } = await call('POST', '/auth/token', '', ADMIN);
  const send = (method: string, path: string, body?: unknown) =>
    call(method, path, access_token, body);
  const danger = hostile();
  const { server, url } = await receiver(() => danger.join('\n'));
  const stores = isHostile ? danger.slice(0, 3).map((name) => ({ name, store: { name } })) : STORES;
  const merchants: World['merchants'] = [];
  for (const store of stores)
    merchants.push(
      await send('POST', '/merchants', { flashy_account_id: 246, ...store, settings: { schema_mode: 'warn' } }),
    );
  const main = merchants[0]!;
  const ids: Record<string, string> = { merchantId: main.id, name: 'PRODUCT_VIEWED' };
  for (const merchant of merchants) {
    const made = await endpoints(send, url, merchant.id, isHostile ? danger : undefined);
    if (merchant === main) ids.endpointId = made.failing;
    for (let count = 0; count < events; count += 1) await publishAll(access_token, merchant.id);
    await shoppers(send, merchant.id, isHostile ? danger[0] : undefined);
    await people(send, merchant.id);
  }
  await apps(send, url, main.id, ids, isHostile ? danger.join(' ').slice(0, 200) : undefined);
  await examples(send, main.id, ids);
  const publish = async () => {
    for (const merchant of merchants) await publishAll(access_token, merchant.id);
  };
  return { ids, merchants, publish, stop: () => server.close(() => {}) };
}

type Send = (method: string, path: string, body?: unknown) => Promise<any>;

async function endpoints(send: Send, url: string, merchant: string, danger?: string[]) {
  const make = (path: string, dialect: string, event_types: string[], more: object = {}) =>
    send('POST', `/merchants/${merchant}/endpoints`, {
      url: url + path,
      dialect,
      event_types,
      ...more,
    });
  const describe = (text: string, place: number) => ({ description: danger?.[place] ?? text });
  await make('/hooks', 'flexype', FLEXYPE, describe('Abandoned carts to the mailing tool', 0));
  await make('/crm', 'flashy', FLASHY, describe('CRM', 1));
  await make('/hooks?list=upsell', 'carthook', CARTHOOK, describe('Upsell funnel', 2));
  await make('/busy', 'standard', FLEXYPE.slice(2), {
    ...describe('Warehouse, often busy', 3),
    schedule: ['20m', '1h'],
  });
  await make('/legacy', 'flashy', ['purchase'], {
    ...describe('Old shop, to be removed', 4),
    schedule: [],
  });
  await make('/slow', 'flexype', ['NEW_CUSTOMER'], {
    ...describe('Loyalty programme', 5),
    timeout: '1s',
    schedule: ['5m'],
  });
  const off = await make('/hooks?off', 'standard', ['ABANDONED_CHECKOUT'], describe('Staging', 6));
  await send('POST', `/merchants/${merchant}/endpoints/${off.id}/disable`);
  const path = danger ? '/echo' : '/erp';
  const failing = await make(path, 'flexype', FLEXYPE, { ...describe('ERP', 7), schedule: [] });
  return { failing: failing.id as string };
}

/** One event of each type. The payloads are sent as they are written, digit for digit. */
async function publishAll(token: string, merchant: string): Promise<void> {
  const all = [
    ...FLEXYPE.map((type) => ['flexype', type] as const),
    ...FLASHY.map((type) => ['flashy', type] as const),
    ...CARTHOOK.map((type) => ['carthook', type] as const),
  ];
  const events = all.map(
    ([dialect, type]) =>
      `{"event_type":${JSON.stringify(type)},"payload":${payload(dialect, type)}}`,
  );
  const answer = await fetch(`${process.env.HOOKYARD_URL}/v1/merchants/${merchant}/events/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: `{"events":[${events.join(',')}]}`,
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

const SHOPPERS = [
  ['jane.doe@example.com', 'Jane', 'Doe'],
  ['michal.levi@example.com', 'מיכל', 'לוי'],
  ['omar.haddad@example.com', 'Omar', 'Haddad'],
  ['sofia.rossi@example.com', 'Sofia', 'Rossi'],
] as const;

/** Shoppers who look, begin to pay, order or go away. The times are past, so that some timers have run out. */
async function shoppers(send: Send, merchant: string, danger?: string): Promise<void> {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const activities = SHOPPERS.flatMap(([email, first_name, last_name], place) => {
    const visitor = { device_id: `device-${place}`, session_id: `visit-${1000 + place}` };
    const identity = {
      email,
      first_name: danger ?? first_name,
      last_name,
      dial_code: '972',
      phone: `50000000${place}`,
    };
    const product = {
      product_id: 9945414435106,
      title: danger ?? 'Cool T-Shirt',
      handle: 'cool-t-shirt',
      url: 'https://negevcoffee.example/products/cool-t-shirt',
    };
    const checkout = { ...visitor, checkout_id: `co-${place}-${Date.now()}` };
    // The first two went long ago, the others are there still.
    const start = place < 2 ? 45 : 6;
    return [
      {
        type: 'page_viewed',
        visitor,
        occurred_at: ago(start),
        data: { url: 'https://negevcoffee.example/', title: 'Home' },
      },
      { type: 'product_viewed', visitor, identity, occurred_at: ago(start - 1), data: product },
      {
        type: 'cart_updated',
        visitor,
        occurred_at: ago(start - 2),
        data: { items: [{ product_id: 9945414435106, quantity: 2, price: '21.90' }] },
      },
      ...(place === 3
        ? []
        : [
            {
              type: 'checkout_opened',
              visitor: checkout,
              identity,
              occurred_at: ago(start - 3),
              data: { total: '43.80' },
            },
            {
              type: 'checkout_step',
              visitor: checkout,
              occurred_at: ago(start - 4),
              data: { state: 'ADDRESS_LOADED' },
            },
          ]),
      ...(place === 1
        ? [
            {
              type: 'order_completed',
              visitor: checkout,
              occurred_at: ago(start - 5),
              data: { order_id: 'order-1449', value: '43.80', currency: 'USD' },
            },
          ]
        : []),
    ];
  });
  activities.push({
    type: 'page_viewed',
    visitor: { device_id: 'nobody', session_id: 'visit-anonymous' },
    occurred_at: ago(3),
    data: { url: 'https://negevcoffee.example/', title: 'Home' },
  });
  await send('POST', `/merchants/${merchant}/activities`, { activities });
}

async function people(send: Send, merchant: string): Promise<void> {
  const tail = merchant.slice(-6);
  for (const [name, role] of [
    ['dana', 'owner'],
    ['yossi', 'developer'],
    ['ruth', 'viewer'],
  ] as const)
    await send('POST', '/users', {
      email: `${name}.${tail}@shop.example`,
      password: PASSWORD,
      memberships: [{ merchant_id: merchant, role }],
    });
  await send('POST', `/merchants/${merchant}/invitations`, {
    email: `noa.${tail}@shop.example`,
    role: 'developer',
  });
  await send('POST', `/merchants/${merchant}/api-keys`, {
    name: 'Shop backend',
    scopes: ['events:write', 'activities:write'],
  });
}

async function apps(
  send: Send,
  url: string,
  merchant: string,
  ids: Record<string, string>,
  danger?: string,
) {
  const app = await send('POST', '/apps', {
    name: danger?.slice(0, 60) ?? 'Loyalty Points',
    description: danger ?? 'Points for orders',
  });
  ids.appId = app.id;
  const endpoint = await send('POST', `/apps/${app.id}/endpoints`, {
    url: `${url}/hooks?app`,
    dialect: 'carthook',
    event_types: ['app/uninstalled'],
  });
  ids.appEndpointId = endpoint.id;
  await send('PUT', `/merchants/${merchant}/installations/${app.id}`, {});
  await send('POST', '/api-keys', { name: 'Billing export', scopes: ['deliveries:read'] });
}

/** One of each thing that has a page. */
async function examples(send: Send, merchant: string, ids: Record<string, string>): Promise<void> {
  const until = async (read: () => Promise<any>) => {
    for (let tries = 0; tries < 120; tries += 1) {
      const found = await read();
      if (found) return found;
      await new Promise((next) => setTimeout(next, 250));
    }
    throw new Error('it did not come about');
  };
  const base = `/merchants/${merchant}`;
  const failed = await until(
    async () =>
      (await send('GET', `${base}/deliveries?status=failed&endpoint_id=${ids.endpointId}`)).data[0],
  );
  ids.deliveryId = failed.id;
  await send('POST', `${base}/deliveries/${failed.id}/retry`);
  const sessions = (await send('GET', `${base}/sessions`)).data;
  ids.sessionId = (sessions.find((one: any) => one.shopper) ?? sessions[0]).id;
  ids.checkoutId = (await send('GET', `${base}/checkouts`)).data[0].id;
  const job = await send('POST', `${base}/retry-jobs`, {
    filter: { status: ['failed'] },
    rate: 50,
  });
  ids.jobId = job.id;
  await until(async () => (await send('GET', `${base}/retry-jobs/${job.id}`)).finished_at);
  const members = await send('GET', `${base}/members`);
  ids.userId = members.data[0].user_id;
}
