import { PASSWORD, expect, signIn, test } from './stage';

test('ops pause a merchant, everybody of the platform sees it, and what waited goes out', async ({
  page,
  stage,
  receiver,
}) => {
  await stage.endpoint(receiver.url);
  await signIn(page);
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Pause deliveries' }).click();
  const dialog = page.getByRole('dialog', { name: 'Pause deliveries' });
  await dialog.getByRole('radio', { name: 'One merchant' }).check();
  await expect(dialog).toContainText('Nothing is sent to any endpoint of this merchant');
  await dialog.getByRole('combobox', { name: 'Merchant' }).fill(stage.name);
  await page.getByRole('option', { name: stage.name }).click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Their <b>shop</b> is moving');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  const banner = page.getByRole('region', { name: 'Paused' });
  await expect(banner).toContainText('Their <b>shop</b> is moving');
  await expect(banner).toContainText(stage.name);

  await stage.publish();
  await page.goto(`/m/${stage.merchant}/deliveries`);
  await expect(banner).toBeVisible();
  await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' })).toBeVisible();
  expect(receiver.requests).toBe(0);

  await banner.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect(banner).toHaveCount(0);
  await expect.poll(() => receiver.requests).toBe(1);
});

test('the overview tells what waits and what came, as charts and as tables', async ({
  page,
  stage,
  receiver,
}) => {
  await stage.endpoint(receiver.url);
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await signIn(page);
  await page.getByRole('link', { name: 'Overview' }).click();
  await expect(page.getByRole('group', { name: 'Due now' })).toBeVisible();
  await expect(page.getByRole('group', { name: 'Timers overdue' })).toBeVisible();
  const events = page.getByRole('region', { name: 'Events taken in', exact: true });
  await events.getByText('Table', { exact: true }).click();
  await expect(events.getByRole('columnheader', { name: 'Events' })).toBeVisible();
  await page.getByText('7 days', { exact: true }).click();
  await expect(page).toHaveURL(/range=7d/);
  // The busiest merchants are counted in their list.
  await page.goto('/merchants?sort=busiest');
  await expect(page.getByRole('columnheader', { name: 'Events, 24 h' })).toBeVisible();
});

test('the system page tells what runs here', async ({ page, stage }) => {
  await signIn(page);
  await page.getByRole('link', { name: 'System' }).click();
  await expect(page.getByRole('group', { name: 'Database' })).toContainText(/sqlite|postgresql/);
  await page.getByRole('searchbox', { name: 'Search settings' }).fill('allowed_networks');
  await expect(page.getByRole('row', { name: /127\.0\.0\.0\/8/ })).toBeVisible();
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await signIn(page, await stage.person('owner'), PASSWORD);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.goto('/platform/system');
  await expect(page.getByText('This page is not for you')).toBeVisible();
});
