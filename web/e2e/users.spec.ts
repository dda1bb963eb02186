import { PASSWORD, expect, signIn, test } from './stage';

test('an admin invites to the platform, changes what somebody may do, and deletes them', async ({
  page,
  stage,
}) => {
  const email = await stage.person('developer');
  await signIn(page);
  await page.getByRole('link', { name: 'Users' }).click();
  const invited = `operator-${Date.now()}@example.com`;
  await page.getByLabel('Email').fill(invited);
  await page.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'operator' }).click();
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByText(`Give this link to ${invited}`)).toBeVisible();
  await page.getByRole('button', { name: `Withdraw the invitation of ${invited}` }).click();
  await expect(page.getByRole('cell', { name: invited, exact: true })).toHaveCount(0);

  await page.getByRole('searchbox', { name: 'Search users' }).fill(email);
  await page.getByRole('link', { name: email }).click();
  await page.getByRole('combobox', { name: 'On the platform' }).click();
  await page.getByRole('option', { name: 'viewer' }).click();
  await expect(page.getByRole('combobox', { name: 'On the platform' })).toHaveValue('viewer');
  await page.getByRole('combobox', { name: `Role in ${stage.name}` }).click();
  await page.getByRole('option', { name: 'owner' }).click();
  await expect(page.getByRole('combobox', { name: `Role in ${stage.name}` })).toHaveValue('owner');
  await page.getByRole('button', { name: 'Make a link' }).click();
  await expect(page.getByText(/reset-password#token=/)).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill(email);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('searchbox', { name: 'Search users' }).fill(email);
  await expect(page.getByText('Nobody matches')).toBeVisible();
  await expect(page).toHaveURL(/q=developer/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('link', { name: 'admin@example.com' })).toBeVisible();
});

test('somebody sees their logins, ends one, and changes their password', async ({
  page,
  stage,
  browser,
}) => {
  const email = await stage.person('viewer');
  const elsewhere = await browser.newPage({ userAgent: 'Elsewhere/1.0' });
  await signIn(elsewhere, email, PASSWORD);
  await expect(elsewhere.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await signIn(page, email, PASSWORD);
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitem', { name: 'Your account' }).click();
  const other = page.getByRole('row', { name: /Elsewhere/ });
  await other.getByRole('button', { name: 'End it' }).click();
  await expect(other).toHaveCount(0);
  await elsewhere.close();

  await page.getByLabel('The password so far').fill('not this at all');
  await page.getByLabel('The new one').fill('staple battery horse');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('The password so far').fill(PASSWORD);
  await page.getByLabel('The new one').fill('staple battery horse');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('status')).toHaveText(/Your password is changed/);
});
