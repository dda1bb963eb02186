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

test('the overview tells which timers are due and how late they fired', async ({ page, stage }) => {
  await stage.call('POST', `/merchants/${stage.merchant}/activities`, {
    // One that is due soon, and one that was due long ago.
    activities: [5, 45].map((minutes) => ({
      type: 'page_viewed',
      visitor: { device_id: `device-${minutes}`, session_id: `visit-${minutes}` },
      identity: { email: `jane-${minutes}@example.com` },
      occurred_at: new Date(Date.now() - minutes * 60_000).toISOString(),
      data: { url: 'https://shop.example.com/', title: 'Home' },
    })),
  });
  await signIn(page);
  await page.getByRole('link', { name: 'Overview' }).click();
  const due = page.getByRole('region', { name: 'Due in the next 15 minutes', exact: true });
  await due.getByText('Table', { exact: true }).click();
  await expect(due.getByRole('columnheader', { name: 'Timers' })).toBeVisible();
  await expect(due.getByRole('cell', { name: /^[1-9]/ })).not.toHaveCount(0);
  const fired = page.getByRole('region', { name: 'Timers fired', exact: true });
  await fired.getByText('Table', { exact: true }).click();
  await expect(fired.getByRole('cell', { name: /^[1-9]/ })).not.toHaveCount(0);
  const late = page.getByRole('region', { name: 'How late they fired', exact: true });
  await late.getByText('Table', { exact: true }).click();
  await expect(late.getByRole('columnheader', { name: '99 of 100, at most' })).toBeVisible();
  await expect(page.getByText('Abandoned checkouts and sessions wait on these')).toBeVisible();
});

test('an operator acknowledges a failing endpoint, withdraws, and resolves it', async ({
  page,
  stage,
  receiver,
}) => {
  receiver.answer.status = 410;
  const url = `${receiver.url}/gone-${Date.now()}`;
  const endpoint = await stage.endpoint(url, { dialect: 'standard' });
  await stage.publish();
  const path = `/merchants/${stage.merchant}/endpoints/${endpoint.id}`;
  await expect.poll(async () => (await stage.call('GET', path)).disabled_reason).toBe('gone');
  await signIn(page);
  await page.getByRole('link', { name: 'Overview' }).click();
  const failing = page.getByRole('region', { name: 'Failing endpoints' });
  const row = failing.getByRole('row', { name: url });
  await row.getByRole('button', { name: `Acknowledge: ${url}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Note' }).fill('They move, <b>ticket</b> 4711');
  await dialog.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row).toHaveCount(0);
  await failing.getByText(/^Acknowledged \(\d+\)$/).click();
  await expect(page).toHaveURL(/failing=acknowledged/);
  await expect(row).toContainText('Acknowledged by you');
  await expect(row).toContainText('They move, <b>ticket</b> 4711');

  await row.getByRole('button', { name: `Withdraw: ${url}` }).click();
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await expect(dialog).toHaveCount(0);
  await failing.getByText(/^Open \(\d+\)$/).click();
  receiver.answer.status = 200;
  await row.getByRole('button', { name: `Resolve: ${url}` }).click();
  await expect(dialog).toContainText('It is disabled now: it is enabled again');
  await dialog.getByRole('button', { name: 'Resolve' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row).toHaveCount(0);
  expect(await stage.call('GET', path)).toMatchObject({ enabled: true, failing_since: null });
});

test('a viewer of the platform sees what fails and is told why they may do nothing', async ({
  page,
  stage,
  receiver,
}) => {
  receiver.answer.status = 410;
  const url = `${receiver.url}/seen-${Date.now()}`;
  await stage.endpoint(url, { dialect: 'standard' });
  await stage.publish();
  const email = `viewer-${Date.now()}@example.com`;
  await stage.call('POST', '/users', { email, password: PASSWORD, platform_role: 'viewer' });
  await signIn(page, email, PASSWORD);
  await page.getByRole('link', { name: 'Overview' }).click();
  const button = page.getByRole('button', { name: `Acknowledge: ${url}` });
  await expect(button).toHaveAttribute('aria-description', /platform role operator/);
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
