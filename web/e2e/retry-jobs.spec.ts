import { type Receiver, type Stage, enter, expect, test } from './stage';

async function failures(stage: Stage, receiver: Receiver, count: number) {
  receiver.answer = { status: 503, body: 'busy' };
  await stage.endpoint(receiver.url, { schedule: [] });
  const payload = { product_viewed: { product_id: 1 } };
  const events = Array.from({ length: count }, () => ({ event_type: 'PRODUCT_VIEWED', payload }));
  await stage.call('POST', `/merchants/${stage.merchant}/events/batch`, { events });
  await expect.poll(() => receiver.requests).toBe(count);
  // An answer is there a little before it is in the log.
  const failed = `/merchants/${stage.merchant}/deliveries?status=failed&limit=250`;
  await expect.poll(async () => (await stage.call('GET', failed)).data.length).toBe(count);
  receiver.answer = { status: 200, body: '' };
}

test('all that a filter shows is retried, and the job can be found again', async ({ page, stage, receiver }) => {
  await failures(stage, receiver, 5);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  const all = page.getByRole('button', { name: 'Retry all that match' });
  await expect(all).toHaveAttribute('aria-disabled', 'true');
  await page.goto(`/m/${stage.merchant}/deliveries?status=failed&http_status=5xx`);
  await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' })).toHaveCount(5);
  await all.click();
  const dialog = page.getByRole('dialog', { name: 'Retry these deliveries' });
  await expect(dialog.getByText(/^5 deliveries to 1 endpoint, about/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await expect(page).toHaveURL(/retry-jobs\/job_/);
  const status = page.getByRole('status', { name: 'Status' });
  await expect(status).toHaveText(/completed/);
  expect(receiver.requests).toBe(10);
  // The address is good to share, and to come back to.
  await page.reload();
  await expect(status).toHaveText(/completed/);
  await expect(page.getByText('5 deliveries were counted.')).toBeVisible();
  await page.getByRole('link', { name: 'All bulk retries' }).click();
  await expect(page.getByRole('row', { name: /completed 5 5 0 0/ })).toBeVisible();
  await page.goto('/platform/retry-jobs');
  await expect(page.getByRole('row', { name: new RegExp(stage.name) })).toHaveCount(1);
});

test('what was chosen is retried, and nothing else', async ({ page, stage, receiver }) => {
  await failures(stage, receiver, 4);
  await enter(page, `/m/${stage.merchant}/deliveries`);
  const choices = page.getByRole('checkbox', { name: /^Choose PRODUCT_VIEWED/ });
  await expect(choices).toHaveCount(4);
  await choices.nth(0).check();
  await choices.nth(2).check();
  const chosen = page.getByRole('region', { name: 'Chosen deliveries' });
  await expect(chosen).toContainText('2 chosen');
  await chosen.getByRole('button', { name: 'Retry chosen' }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry these deliveries' });
  await expect(dialog.getByText(/^2 deliveries to 1 endpoint, about/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/completed/);
  expect(receiver.requests).toBe(6);
});

test('a bulk retry is slow when asked to be, and stops when cancelled', async ({ page, stage, receiver }) => {
  await failures(stage, receiver, 60);
  await enter(page, `/m/${stage.merchant}/deliveries?status=failed`);
  await page.getByRole('button', { name: 'Retry all that match' }).click();
  const dialog = page.getByRole('dialog', { name: 'Retry these deliveries' });
  await dialog.getByRole('textbox', { name: 'Attempts a second' }).fill('1');
  await expect(dialog.getByText(/^60 deliveries to 1 endpoint, about .* at 1 a second\.$/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('status', { name: 'Status' })).toHaveText(/cancelled/);
});
