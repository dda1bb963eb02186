import { PASSWORD, expect, signIn, test } from './stage';

test('ops find a failed delivery, retry it, and see it arrive', async ({ page, stage, receiver }) => {
  receiver.answer = { status: 500, body: '<script>window.broken = true</script> out of order' };
  await stage.endpoint(receiver.url);
  await stage.publish();
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'retrying' }).click();
  await page.getByRole('link', { name: 'PRODUCT_VIEWED' }).click();
  await expect(page.getByRole('status')).toHaveText(/retrying/);
  // What the receiver answers is text and nothing else.
  await expect(page.getByText('<script>window.broken = true</script>')).toBeVisible();
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  await expect(page.getByText('9945414435106')).toBeVisible();

  receiver.answer = { status: 200, body: '{"ok":true}' };
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('status')).toHaveText(/succeeded/);
  await expect(page.getByRole('button', { name: '2: 200' })).toBeVisible();
  // The address says it all: a reload, and the login with it, comes back to the same.
  await page.getByRole('button', { name: '1: 500' }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: '1: 500' })).toHaveAttribute('aria-pressed', 'true');
});

test('a filter is in the address, and what matches is retried at once', async ({
  page,
  stage,
  receiver,
}) => {
  receiver.answer = { status: 503, body: 'busy' };
  await stage.endpoint(receiver.url, { schedule: [] });
  for (let count = 0; count < 5; count += 1) await stage.publish();
  await expect.poll(() => receiver.requests).toBe(5);
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await page.goto(`/m/${stage.merchant}/deliveries?status=failed`);
  await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' })).toHaveCount(5);
  receiver.answer = { status: 200, body: '' };
  await page.getByRole('button', { name: 'Retry what matches' }).click();
  await expect(page.getByText('5 deliveries, at least')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('status')).toHaveText('completed');
  await expect(page).toHaveURL(/retry-jobs\/job_/);
  expect(receiver.requests).toBe(10);
});

test('a merchant sees their own, and may do what their role says', async ({ page, stage, receiver }) => {
  await stage.endpoint(`${receiver.url}?token=only-for-the-receiver`);
  const email = await stage.person('viewer');
  await signIn(page, email, PASSWORD);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.getByRole('link', { name: 'Endpoints' }).click();
  await expect(page.getByText('/hooks?****')).toBeVisible();
  await expect(page.getByText('only-for-the-receiver')).toHaveCount(0);
  await page.goto('/m/mer_01h455vb4pex5vsknk084sn02q/deliveries');
  await expect(page.getByText('There is no such thing').first()).toBeVisible();
});
