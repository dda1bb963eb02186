// Measures the dashboard in a browser: what is loaded first, when it can be used, and the log with many deliveries behind it.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { ADMIN, call, enter, expect, test } from '../e2e/stage';
import { readRows, smoothness } from './log-scroll';

const DELIVERIES = Number(process.env.FIGURES_DELIVERIES ?? 100_000);
const BATCH = 1_000;
/** How many of them are read in the browser before it is scrolled. */
const ROWS = Math.min(10_000, DELIVERIES);
const REPORT = new URL('../../docs/dashboard-figures.md', import.meta.url).pathname;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The middle and the second worst of a few. */
function spread(values: number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return `${at(0.5)} ms (p50), ${at(0.95)} ms (p95)`;
}

/** The middle, the worst but for one in twenty, and the worst of many. */
function paces(values: number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  return `${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(1)} ms (longest), of ${sorted.length}`;
}

/** What goes over the wire until a page is there. */
async function loaded(page: Page, url: string): Promise<{ bytes: number; requests: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  let requests = 0;
  session.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
    requests += 1;
  });
  await page.goto(url);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeEnabled();
  await page.waitForLoadState('networkidle');
  return { bytes, requests };
}

test('figures', async ({ page }) => {
  test.setTimeout(3_600_000);
  const lines: string[] = [];
  const tell = (name: string, value: string) => lines.push(`| ${name} | ${value} |`);

  const first = await loaded(page, '/sign-in');
  tell(
    'First load, over the wire',
    `${first.bytes.toLocaleString('en')} bytes in ${first.requests} requests`,
  );
  const starts = [];
  for (let count = 0; count < 10; count += 1)
    starts.push(
      await timed(async () => {
        await page.goto('/sign-in');
        await page.getByLabel('Email').fill('ready');
      }),
    );
  tell('From nothing to a form that takes input, nothing cached', spread(starts));

  const { access_token } = await call('POST', '/auth/token', '', ADMIN);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end('ok'));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  const merchant = await call('POST', '/merchants', access_token, {
    name: 'Many deliveries',
    store: { name: 'Many deliveries' },
    settings: { schema_mode: 'warn' },
  });
  const base = `/merchants/${merchant.id}`;
  await call('POST', `${base}/endpoints`, access_token, {
    url,
    dialect: 'flexype',
    event_types: ['PRODUCT_VIEWED'],
  });
  const event = {
    event_type: 'PRODUCT_VIEWED',
    payload: { product_viewed: { product_id: 9945414435106 } },
  };
  const events = Array.from({ length: BATCH }, () => event);
  const publishing = await timed(async () => {
    for (let sent = 0; sent < DELIVERIES; sent += BATCH)
      await call('POST', `${base}/events/batch`, access_token, { events });
  });
  tell(
    `${DELIVERIES.toLocaleString('en')} events published in batches of ${BATCH}`,
    `${Math.round(publishing / 1_000)} s`,
  );
  await expect
    .poll(
      async () =>
        (await call('GET', `${base}/deliveries?status=pending&limit=1`, access_token)).data.length,
      { timeout: 1_800_000, intervals: [1_000] },
    )
    .toBe(0);

  const lists = [];
  for (let count = 0; count < 40; count += 1)
    lists.push(await timed(() => call('GET', `${base}/deliveries`, access_token)));
  tell('A page of the log, by the API', spread(lists));
  const failed = [];
  for (let count = 0; count < 40; count += 1)
    failed.push(await timed(() => call('GET', `${base}/deliveries?status=failed`, access_token)));
  tell('The same, failed ones of which there are none', spread(failed));

  await enter(page, '/');
  const opened = [];
  for (let count = 0; count < 10; count += 1)
    opened.push(
      await timed(async () => {
        await page.goto(`/m/${merchant.id}/deliveries`);
        await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' }).nth(10)).toBeVisible();
      }),
    );
  tell('The log page, from nothing to its rows, nothing cached', spread(opened));
  const heap = await page.evaluate(() => {
    const { memory } = performance as { memory?: { usedJSHeapSize: number } };
    return Math.round((memory?.usedJSHeapSize ?? 0) / 1_048_576);
  });
  tell('Memory of its scripts', `${heap} MiB`);

  const rows = ROWS.toLocaleString('en');
  const reading = await timed(() => readRows(page, ROWS));
  tell(`${rows} rows read on to, page by page`, `${Math.round(reading / 1_000)} s`);
  const smooth = await smoothness(page);
  tell(`Rows that stand in the page then`, `${smooth.drawn}`);
  tell('Between two frames while it is scrolled, 100 turns of the wheel', paces(smooth.frames));
  tell('From `j` to the next row’s focus', paces(smooth.moves));
  tell('From `j` to the frame that shows it', paces(smooth.shown));
  server.close();

  const report = `# Figures of the dashboard

Written by \`make web/figures\`: Chromium on the machine that also runs the gateway (embedded mode) and the receiver,
with ${DELIVERIES.toLocaleString('en')} deliveries in the log.

| what | figure |
|---|---|
${lines.join('\n')}
`;
  writeFileSync(REPORT, report);
  console.log(report);
});
