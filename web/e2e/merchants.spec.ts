import { PASSWORD, expect, signIn, test } from './stage';

test('ops add a merchant, change it, suspend it, serve it again and delete it', async ({
  page,
}) => {
  await signIn(page);
  const name = `Shop of <b>Jane</b> ${Date.now()}`;
  await page.getByRole('link', { name: 'Add merchant' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await page.getByLabel('Store name').fill('החנות של ג׳יין');
  await page.getByLabel('Currency').fill('1$');
  await page.getByRole('button', { name: 'Add merchant' }).click();
  await expect(page.getByLabel('Currency')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Currency').fill('ils');
  await page.getByRole('button', { name: 'Add merchant' }).click();
  await expect(page.getByText('No endpoint yet')).toBeVisible();

  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByLabel('Currency')).toHaveValue('ILS');
  await page.getByLabel('Main domain').fill('shop.example.com');
  await page.getByRole('combobox', { name: 'Time zone' }).fill('new york');
  await page.getByRole('option', { name: 'America/New_York' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The merchant is saved')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('combobox', { name: 'Time zone' })).toHaveValue('America/New_York');

  await page.getByRole('button', { name: 'Suspend' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('refused');
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  await expect(page.getByRole('heading', { name: 'Suspended' })).toBeVisible();
  await page.getByRole('link', { name: 'All merchants' }).click();
  await page.getByRole('searchbox', { name: 'Search merchants' }).fill(name);
  const row = page.getByRole('row', { name });
  await expect(row).toContainText('suspended');
  await expect(row).toContainText('shop.example.com');
  await expect(page).toHaveURL(/q=Shop/);

  await row.getByRole('link', { name }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('heading', { name: 'Suspend', exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(dialog.getByRole('button', { name: 'Delete for good' })).toBeDisabled();
  await dialog.getByRole('textbox').fill(name);
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search merchants' }).fill(name);
  await expect(page.getByText('No merchant matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('searchbox', { name: 'Search merchants' })).toHaveValue('');
  await expect(page).not.toHaveURL(/q=/);
});

test('merchants are found by their id, their domain and from a shared address', async ({
  page,
  stage,
}) => {
  const domain = `shop-${Date.now()}.example.com`;
  await stage.call('PATCH', `/merchants/${stage.merchant}`, { store: { main_domain: domain } });
  await signIn(page);
  const row = page.getByRole('row', { name: stage.name });
  for (const wanted of [stage.merchant, domain.toUpperCase()]) {
    await page.getByRole('searchbox', { name: 'Search merchants' }).fill(wanted);
    await expect(page.getByRole('row')).toHaveCount(2);
    await expect(row).toBeVisible();
  }
  await page.goto(`/merchants?q=${domain}`);
  await expect(row).toBeVisible();
  await page.goto('/merchants?q=mer_01h455vb4pex5vsknk084sn02q');
  await expect(page.getByText('No merchant matches')).toBeVisible();
});

test('an owner changes their merchant, and cannot suspend or delete it', async ({
  page,
  stage,
}) => {
  await signIn(page, await stage.person('owner'), PASSWORD);
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByLabel('Store name')).toHaveValue('My Awesome Store');
  await expect(page.getByRole('button', { name: 'Suspend' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Delete' })).toHaveCount(0);
});

test('ops find endpoints of all merchants by URL, state and merchant', async ({
  page,
  stage,
  receiver,
}) => {
  const mark = `mark-${Date.now()}`;
  const off = await stage.endpoint(`${receiver.url}/off-${mark}`);
  await stage.call('POST', `/merchants/${stage.merchant}/endpoints/${off.id}/disable`);
  await stage.endpoint(`${receiver.url}/fine-${mark}`, { description: 'Their <b>CRM</b>' });
  await signIn(page);
  await page.getByRole('link', { name: 'Endpoints' }).click();
  const states = page.getByRole('radiogroup', { name: 'State' });
  await page.getByRole('searchbox', { name: 'Search endpoints' }).fill(mark.toUpperCase());
  await expect(page.getByRole('row')).toHaveCount(3);
  await states.getByText('disabled', { exact: true }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('row', { name: `off-${mark}` })).toContainText('by hand');
  await expect(page).toHaveURL(/state=disabled/);
  await page.reload();
  await states.getByText('failing', { exact: true }).click();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('searchbox', { name: 'Search endpoints' })).toHaveValue('');

  await page.getByRole('combobox', { name: 'Merchant' }).fill(stage.name);
  await page.getByRole('option', { name: stage.name }).click();
  await states.getByText('working', { exact: true }).click();
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('link', { name: `fine-${mark}` }).click();
  await expect(page).toHaveURL(new RegExp(`/m/${stage.merchant}/endpoints/ep_`));
});

test('ops go from all endpoints to all deliveries and back', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  await stage.publish();
  await signIn(page);
  const pages = page.getByRole('navigation', { name: 'Pages' });
  const row = page.getByRole('row', { name: stage.name });
  for (const name of ['Endpoints', 'Deliveries', 'Endpoints', 'Deliveries']) {
    await pages.getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    await expect(row).toBeVisible();
  }
});
