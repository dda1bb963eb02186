// A merchant of the test's own, people who work there, and a receiver that answers as it is told.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Page, expect, test as base } from '@playwright/test';

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
    const { access_token: token } = await call('POST', '/auth/token', '', ADMIN);
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

/** Nothing is asked of anybody else, and nothing breaks in the page. */
export const test = base.extend<{ stage: Stage; receiver: Receiver }>({
  page: async ({ page }, use) => {
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
