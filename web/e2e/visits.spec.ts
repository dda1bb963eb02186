import { PASSWORD, expect, signIn, test } from './stage';

test('a session tells why something fired', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  const shopper = `shopper-${Date.now()}@example.com`;
  await stage.call('POST', `/merchants/${stage.merchant}/activities`, {
    activities: [
      {
        type: 'product_viewed',
        visitor: { device_id: 'device-1' },
        identity: { email: shopper },
        data: { product_id: 9945414435106 },
      },
    ],
  });
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByLabel('Email').fill(shopper);
  await page.getByLabel('Email').press('Enter');
  await page.getByRole('link', { name: shopper }).click();
  await expect(page.getByRole('heading', { name: shopper })).toBeVisible();
  await expect(page.getByText(/^fires/)).toBeVisible();
  await page.getByRole('link', { name: 'PRODUCT_VIEWED' }).click();
  await expect(page.getByRole('status')).toHaveText(/succeeded/);
});

test('an owner invites, lowers a role, takes somebody out, and finds it in the log', async ({
  page,
  stage,
}) => {
  const owner = await stage.person('owner');
  const other = await stage.person('developer');
  await signIn(page, owner, PASSWORD);
  await page.getByRole('link', { name: 'People' }).click();
  const invited = `new-${Date.now()}@example.com`;
  await page.getByLabel('Email').fill(invited);
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByText(/accept-invitation#token=hyi_/)).toBeVisible();
  await expect(page.getByRole('cell', { name: invited })).toBeVisible();
  await page.getByRole('combobox', { name: `Role of ${other}` }).click();
  await page.getByRole('option', { name: 'viewer' }).click();
  await expect(page.getByRole('combobox', { name: `Role of ${other}` })).toHaveValue('viewer');
  const row = page.getByRole('row', { name: new RegExp(other) });
  await row.getByRole('button', { name: 'Remove' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('link', { name: 'Audit log' }).click();
  await expect(page.getByRole('cell', { name: 'removeMember' })).toBeVisible();
});
