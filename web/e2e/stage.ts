// A merchant of the test's own, people who work there, and a receiver that answers as it is told.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserContext, type Page, expect, test as base } from '@playwright/test';

const URL_OF = process.env.HOOKYARD_URL ?? '';
export const ADMIN = {
  email: process.env.HOOKYARD_EMAIL ?? '',
  password: process.env.HOOKYARD_PASSWORD ?? '',
};
export const PASSWORD = 'correct horse battery';

export async function call(method: string, path: string, token: string, body?: unknown) {
  const answer = await fetch(`${URL_OF}/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`).toBe(true);
  return text ? JSON.parse(text) : undefined;
}

/** A receiver on this machine. */
export class Receiver {
  answer = { status: 200, body: '{"ok":true}' };
  requests = 0;
  /** What came, as text. */
  bodies: string[] = [];
  headers: string[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        receiver.requests += 1;
        receiver.bodies.push(body);
        const named = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
        receiver.headers.push(named.join('\n'));
        response.writeHead(receiver.answer.status, { 'content-type': 'text/html' });
        response.end(receiver.answer.body);
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks`;
  }

  stop(): void {
    this.server.close();
  }
}

export class Stage {
  private constructor(
    readonly token: string,
    readonly merchant: string,
    readonly name: string,
  ) {}

  static async make(): Promise<Stage> {
    const token = await adminToken();
    const name = `חנות ${Date.now()}`;
    const merchant = await call('POST', '/merchants', token, {
      name,
      store: { name: 'My Awesome Store' },
      settings: { schema_mode: 'warn' },
    });
    return new Stage(token, merchant.id, name);
  }

  call(method: string, path: string, body?: unknown) {
    return call(method, path, this.token, body);
  }

  endpoint(url: string, more: object = {}) {
    return this.call('POST', `/merchants/${this.merchant}/endpoints`, {
      url,
      dialect: 'flexype',
      event_types: ['PRODUCT_VIEWED'],
      schedule: ['1h'],
      ...more,
    });
  }

  publish(payload: object = { product_viewed: { product_id: 9945414435106 } }) {
    const event = { event_type: 'PRODUCT_VIEWED', payload };
    return this.call('POST', `/merchants/${this.merchant}/events`, event);
  }

  /** Somebody with a role in the merchant. */
  async person(role: string): Promise<string> {
    const email = `${role}-${Date.now()}@example.com`;
    await this.call('POST', '/users', {
      email,
      password: PASSWORD,
      memberships: [{ merchant_id: this.merchant, role }],
    });
    return email;
  }
}

export async function signIn(page: Page, email = ADMIN.email, password = ADMIN.password) {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What the admin calls the API with: one login for all tests of a process, begun anew long before it ends. */
let login: { token: Promise<string>; begun: number } | undefined;
const LOGIN_LASTS = 5 * 60_000;

function adminToken(): Promise<string> {
  if (!login || Date.now() - login.begun > LOGIN_LASTS) {
    const token = call('POST', '/auth/token', '', ADMIN).then((answer) => answer.access_token as string);
    login = { token, begun: Date.now() };
  }
  return login.token;
}

/** The browser's logins between two tests: a test begins with none. */
type Cookie = Awaited<ReturnType<BrowserContext['cookies']>>[number];
const kept = new Map<string, Cookie>();
const entered = new WeakMap<BrowserContext, string>();

/** Opens a page as somebody who is logged in: the admin when left out. Signing in is not what such a test is about. */
export async function enter(page: Page, path: string, email = ADMIN.email, password = ADMIN.password) {
  const context = page.context();
  const cookie = kept.get(email);
  await context.clearCookies();
  if (cookie) await context.addCookies([cookie]);
  // A test that ended while its login was being refreshed has left one that is no good.
  const isGood = cookie && (await page.request.post('/v1/auth/refresh', { data: {} })).ok();
  if (!isGood) {
    const answer = await page.request.post('/v1/auth/token', { data: { email, password, cookie: true } });
    expect(answer.status()).toBe(200);
  }
  entered.set(context, email);
  await page.goto(path);
}

/** Takes the login out of the browser, to be used again by the next test that enters. */
async function leave(context: BrowserContext) {
  const email = entered.get(context);
  const [cookie] = await context.cookies(`${URL_OF}/v1/auth/refresh`);
  if (email === ADMIN.email && cookie) kept.set(email, cookie);
  entered.delete(context);
  await context.clearCookies();
  await context.clearPermissions();
}

/** Nothing is asked of anybody else, and nothing breaks in the page. */
export const test = base.extend<{ stage: Stage; receiver: Receiver }, { shared: BrowserContext }>({
  // One for all tests of a file: what pages load is loaded and compiled once. Nothing else is left from test to test.
  shared: [
    async ({ browser }, use) => {
      const context = await browser.newContext({ baseURL: URL_OF });
      await use(context);
      await context.close();
    },
    { scope: 'worker' },
  ],
  context: async ({ shared }, use) => {
    await use(shared);
    // It is kept beside the pages, under their address; a page that was never opened has none.
    for (const page of shared.pages()) {
      await page.evaluate(() => localStorage.clear()).catch(() => {});
      await page.close();
    }
    await leave(shared);
  },
  page: async ({ context }, use) => {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(URL_OF) && !url.startsWith('data:')) faults.push(`outside: ${url}`);
    });
    await use(page);
    expect(faults).toEqual([]);
  },
  // biome-ignore lint: Playwright reads the braces
  stage: async ({}, use) => use(await Stage.make()),
  receiver: async ({}, use) => {
    const receiver = await Receiver.start();
    await use(receiver);
    receiver.stop();
  },
});
export { expect };
