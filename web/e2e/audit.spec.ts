import { PASSWORD, enter, expect, test } from './stage';

test('an owner invites, lowers a role, takes somebody out, and finds it in the log', async ({
  page,
  stage,
}) => {
  const owner = await stage.person('owner');
  const other = await stage.person('developer');
  await enter(page, `/m/${stage.merchant}/deliveries`, owner, PASSWORD);
  await page.getByRole('link', { name: 'People' }).click();
  const invited = `new-${Date.now()}@example.com`;
  await page.getByLabel('Email').fill(invited);
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByText(/accept-invitation#token=hyi_/)).toBeVisible();
  await expect(page.getByRole('cell', { name: invited, exact: true })).toBeVisible();
  await page.getByRole('combobox', { name: `Role of ${other}` }).click();
  await page.getByRole('option', { name: 'viewer' }).click();
  await expect(page.getByRole('combobox', { name: `Role of ${other}` })).toHaveValue('viewer');
  const row = page.getByRole('row', { name: new RegExp(other) });
  await row.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(row).toHaveCount(0);

  await page.getByRole('link', { name: 'Audit log' }).click();
  await expect(page.getByRole('button', { name: 'remove member' })).toBeVisible();
  await page.getByRole('button', { name: 'update member' }).click();
  const entry = page.getByRole('dialog', { name: 'update member' });
  await expect(entry.getByRole('row', { name: /role.*developer.*viewer/ })).toBeVisible();
  await expect(page).toHaveURL(/entry=aud_/);
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Operation' }).fill('removeMember');
  await page.getByRole('combobox', { name: 'Operation' }).press('Enter');
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page).toHaveURL(/action=removeMember/);
  // An owner may read, not export.
  await expect(page.getByRole('button', { name: 'Export' })).toHaveCount(0);
});

test('the platform exports its log, by the filter that is shown', async ({ page, stage }) => {
  await enter(page, `/platform/audit-log?target=${stage.merchant}`);
  await expect(page.getByRole('button', { name: 'create merchant' })).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export as NDJSON' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('audit-log.ndjson');
  const stream = await download.createReadStream();
  const lines = (await stream.toArray()).join('').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).action)).toEqual(['createMerchant']);
});
