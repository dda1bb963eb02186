import { PASSWORD, expect, signIn, test } from './stage';

test('an owner makes an API key, sees it once, and revokes it', async ({ page, stage }) => {
  const email = await stage.person('owner');
  await signIn(page, email, PASSWORD);
  await page.getByRole('link', { name: 'API keys' }).click();
  await expect(page.getByText('No API key yet')).toBeVisible();
  await page.getByRole('button', { name: 'Add API key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Warehouse <b>job</b>');
  await expect(dialog.getByRole('button', { name: 'Add API key' })).toBeDisabled();
  await dialog.getByRole('checkbox', { name: 'events:read' }).check();
  await dialog.getByRole('checkbox', { name: 'events:write' }).check();
  await expect(dialog.getByRole('checkbox', { name: 'events:read' })).toBeDisabled();
  await expect(dialog.getByRole('radio', { name: 'Live' })).toBeChecked();
  await dialog.getByRole('radio', { name: 'Test' }).check();
  await dialog.getByRole('combobox', { name: 'It ends' }).click();
  await page.getByRole('option', { name: 'in 30 days' }).click();
  await dialog.getByRole('button', { name: 'Add API key' }).click();
  const key = (await page.getByText(/^hy_[0-9A-Za-z]{40}$/).textContent()) ?? '';
  await page.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(key)).toHaveCount(0);
  const row = page.getByRole('row', { name: /Warehouse <b>job<\/b>/ });
  await expect(row).toContainText(`${key.slice(0, 8)}…`);
  await expect(row).toContainText('events:write');
  await expect(row).toContainText('test');
  await expect(row).toContainText('never');
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('No API key yet')).toBeVisible();
});

test('who may not see keys is told whose page it is', async ({ page, stage }) => {
  const email = await stage.person('viewer');
  await signIn(page, email, PASSWORD);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.goto(`/m/${stage.merchant}/api-keys`);
  await expect(page.getByText('This page is not for you')).toBeVisible();
});

test('ops make a portal link that opens the merchant, and end what came through it', async ({
  page,
  browser,
  stage,
}) => {
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
  await page.goto(`/m/${stage.merchant}/people`);
  await page.getByLabel('Whom it is for').fill('Jane');
  await page.getByRole('button', { name: 'Make a link' }).click();
  const url = (await page.getByText(/portal#token=/).textContent()) ?? '';
  const guest = await (await browser.newContext()).newPage();
  const { pathname, hash } = new URL(url);
  await guest.goto(`${process.env.HOOKYARD_URL}${pathname}${hash}`);
  await expect(guest.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.getByRole('button', { name: 'End all portal logins' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End them' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'have ended' })).toBeVisible();
  // Within seconds.
  await expect(async () => {
    await guest.reload();
    await expect(guest.getByRole('button', { name: 'Sign in' })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await guest.context().close();
});
