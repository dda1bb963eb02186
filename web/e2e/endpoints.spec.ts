import { expect, signIn, test } from './stage';

test('an endpoint is added, tested, its secret rotated, paused and deleted', async ({
  page,
  stage,
  receiver,
}) => {
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await page.getByRole('link', { name: 'Endpoints' }).click();
  await expect(page.getByText('No endpoint yet')).toBeVisible();
  await page.getByRole('link', { name: 'Add endpoint' }).click();
  await page.getByLabel('URL').fill(receiver.url);
  await page.getByLabel('Description').fill('<b>CRM</b> of the shop');
  await page.getByRole('combobox', { name: 'Format' }).click();
  await page.getByRole('option', { name: 'FlexyPe' }).click();
  await page.getByLabel('NEW_CUSTOMER').check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByText(/^whsec_/)).toBeVisible();
  await page.getByRole('link', { name: 'Go on to the endpoint' }).click();
  await expect(page.getByText('<b>CRM</b> of the shop')).toBeVisible();

  await page.getByRole('button', { name: 'Send test' }).click();
  await expect(page.getByText('Attempt 1: success')).toBeVisible();
  expect(receiver.requests).toBe(1);

  await page.getByRole('button', { name: 'Reveal' }).click();
  const secret = page.getByText(/^whsec_/);
  const before = await secret.textContent();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await expect(page.getByText('The old signing secret signs too')).toBeVisible();
  expect(await secret.textContent()).not.toBe(before);

  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('It receives nothing')).toBeVisible();
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByText('It receives nothing')).toHaveCount(0);

  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByRole('textbox').fill(new URL(receiver.url).host);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No endpoint yet')).toBeVisible();
});

test('a URL that may not be called is refused with the reason', async ({ page, stage }) => {
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
  await page.goto(`/m/${stage.merchant}/endpoints/new`);
  await page.getByLabel('URL').fill('http://10.0.0.1/hooks');
  await page.getByLabel('All of these').first().check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
});
