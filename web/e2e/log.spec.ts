import { type Page } from '@playwright/test';
import { PASSWORD, type Stage, enter, expect, test } from './stage';

const rows = (page: Page) => page.getByRole('table', { name: 'Deliveries' }).getByRole('link');

async function failures(stage: Stage, receiver: { answer: object; requests: number; url: string }, count: number) {
  receiver.answer = { status: 503, body: 'busy' };
  await stage.endpoint(receiver.url, { schedule: [] });
  for (let made = 0; made < count; made += 1) await stage.publish();
  await expect.poll(() => receiver.requests).toBe(count);
}

test('filters stand in the address, survive a reload and the way back, and are taken away', async ({
  page,
  stage,
  receiver,
}) => {
  await failures(stage, receiver, 3);
  receiver.answer = { status: 200, body: '' };
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(4);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await expect(rows(page)).toHaveCount(4);
  await expect(page.getByText(/^4 in all\. This server keeps the log for 30 days\. The oldest shown here is kept until \S/)).toBeVisible();

  await page.getByRole('button', { name: 'Status', exact: true }).click();
  await page.getByRole('checkbox', { name: 'failed' }).check();
  await page.getByRole('checkbox', { name: 'retrying' }).check();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'HTTP status' }).click();
  await page.getByRole('checkbox', { name: '5xx' }).check();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Time' }).click();
  await page.getByRole('button', { name: 'last hour' }).click();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/status=failed&status=retrying&http_status=5xx&range=1h$/);
  await expect(rows(page)).toHaveCount(3);

  await page.reload();
  await expect(rows(page)).toHaveCount(3);
  const chips = page.getByRole('group', { name: 'Filters in use' });
  await expect(chips.getByRole('button', { name: 'Remove HTTP status: 5xx' })).toBeVisible();
  await rows(page).nth(2).click();
  await expect(page.getByText('Attempt 1: not accepted')).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/status=failed&status=retrying&http_status=5xx&range=1h$/);
  await expect(rows(page)).toHaveCount(3);

  await page.getByRole('button', { name: 'Attempts', exact: true }).click();
  await page.getByRole('button', { name: '2 or more' }).click();
  await expect(page.getByText('No delivery matches')).toBeVisible();
  await page.keyboard.press('Escape');
  await chips.getByRole('button', { name: 'Remove Attempts: 2 or more' }).click();
  await expect(rows(page)).toHaveCount(3);
  await chips.getByRole('button', { name: 'Remove Status: failed' }).click();
  await expect(page.getByText('No delivery matches')).toBeVisible();
  await chips.getByRole('button', { name: 'Clear filters' }).click();
  await expect(rows(page)).toHaveCount(4);
  await expect(page).toHaveURL(/\/deliveries$/);
});

test('an id leads to its delivery, an event to its deliveries', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  const event = await stage.publish();
  await stage.publish();
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('searchbox').fill(event.event_id);
  await page.getByRole('searchbox').press('Enter');
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole('searchbox').fill(event.deliveries[0].id);
  await page.getByRole('searchbox').press('Enter');
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/succeeded/);
  // Ops look for it across all merchants.
  await page.goto('/platform/deliveries');
  await page.getByRole('searchbox').fill(event.event_id);
  await page.getByRole('searchbox').press('Enter');
  await expect(page.getByRole('table', { name: 'Deliveries' }).getByRole('link', { name: stage.name })).toHaveCount(1);
});

test('paging goes on by scrolling, and the way back leads to the same place', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  const product = { product_viewed: { product_id: 1 } };
  const events = Array.from({ length: 260 }, () => ({ event_type: 'PRODUCT_VIEWED', payload: product }));
  await stage.call('POST', `/merchants/${stage.merchant}/events/batch`, { events });
  await expect.poll(() => receiver.requests).toBe(260);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await expect(page.getByText('100 shown; older ones follow as you scroll.')).toBeVisible();
  // Far from all of them are drawn.
  expect(await rows(page).count()).toBeLessThan(60);
  for (const shown of ['200 shown', '260 in all']) {
    await page.keyboard.press('End');
    await expect(page.getByText(shown)).toBeVisible();
  }
  await page.keyboard.press('End');
  await expect(page.getByText('260 in all')).toBeInViewport();
  const last = page.locator('tr[data-row="259"]').getByRole('link');
  const address = await last.getAttribute('href');
  await last.click();
  await expect(page.getByRole('status', { name: 'Status' })).toBeVisible();
  await page.goBack();
  await expect(page.locator(`a[href="${address}"]`)).toBeInViewport();
});

test('a merchant sees their own, and may do what their role says', async ({ page, stage, receiver }) => {
  await stage.endpoint(`${receiver.url}?token=only-for-the-receiver`);
  const email = await stage.person('viewer');
  await enter(page, `/m/${stage.merchant}/deliveries`, email, PASSWORD);
  await expect(page.getByText('Nothing has been sent yet')).toBeVisible();
  await expect(page.getByText('This server keeps the log for 30 days.')).toBeVisible();
  await page.getByRole('link', { name: 'Endpoints' }).click();
  await expect(page.getByText('/hooks?****')).toBeVisible();
  await expect(page.getByText('only-for-the-receiver')).toHaveCount(0);
  await page.goto('/m/mer_01h455vb4pex5vsknk084sn02q/deliveries');
  await expect(page.getByRole('alert').filter({ hasText: 'There is no such thing' })).toBeVisible();
  await page.goto('/platform/deliveries');
  await expect(page.getByText('This page is not for you')).toBeVisible();
});

test('on a phone one looks and retries', async ({ page, stage, receiver }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await failures(stage, receiver, 1);
  receiver.answer = { status: 200, body: '' };
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await rows(page).click();
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await expect(page.getByText('Attempt 2: success')).toBeVisible();
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(tooWide).toBe(false);
});

test('what is new comes in by itself at the top, and waits while one reads', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await expect(page.getByText('Nothing has been sent yet')).toBeVisible();
  await stage.publish();
  await expect(rows(page)).toHaveCount(1);
  await rows(page).focus();
  await stage.publish();
  await stage.publish();
  const fresh = page.getByRole('button', { name: '2 new' });
  await expect(fresh).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await fresh.click();
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page).toHaveURL(/live=off/);
  await expect(page.getByText('Paused: what is new is not shown')).toBeVisible();
  await page.getByRole('button', { name: 'Follow' }).click();
  await stage.publish();
  await expect(rows(page)).toHaveCount(4);
});

test('a row that ceases to match shows its new state, and says so', async ({ page, stage, receiver }) => {
  await failures(stage, receiver, 2);
  const failed = async () =>
    (await stage.call('GET', `/merchants/${stage.merchant}/deliveries?status=failed`)).data;
  await expect.poll(async () => (await failed()).length).toBe(2);
  await enter(page, `/m/${stage.merchant}/deliveries?status=failed`);
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  receiver.answer = { status: 200, body: '' };
  await stage.call('POST', `/merchants/${stage.merchant}/deliveries/${(await failed())[0].id}/retry`);
  await expect(page.getByRole('row', { name: /succeeded matches no more/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /matches no more/ })).toHaveCount(1);
});
