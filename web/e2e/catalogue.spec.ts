import { PASSWORD, enter, expect, test } from './stage';

test('an event type is found, read and sent as an example', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url, { event_types: ['NEW_CUSTOMER'] });
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await page.getByRole('link', { name: 'Event types' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('new_customer');
  await expect(page.getByRole('link', { name: 'PRODUCT_VIEWED' })).toHaveCount(0);
  await page.getByRole('link', { name: 'NEW_CUSTOMER' }).click();
  await expect(page.getByRole('heading', { name: 'NEW_CUSTOMER' })).toBeVisible();
  await expect(page.getByRole('row', { name: /user\.email/ })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Example' })).toContainText('jane.doe@example.com');
  await page.getByRole('tab', { name: 'JSON Schema' }).click();
  await expect(page.getByRole('region', { name: 'JSON Schema' })).toContainText('"$schema"');
  await page.getByRole('tab', { name: 'Endpoints' }).click();
  await page.getByRole('button', { name: 'Send example' }).click();
  await expect.poll(() => receiver.requests).toBe(1);
  await page.getByRole('main').getByRole('link', { name: 'Event types' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('no such thing');
  await expect(page.getByText('No event type matches')).toBeVisible();
});

test('ops add an event type, and its example keeps every digit', async ({ page, stage }) => {
  const name = `orders/made.${Date.now()}`;
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await page.getByRole('link', { name: 'Event types' }).click();
  await page.getByRole('button', { name: 'Add event type' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('What it tells').fill('An order was made.');
  await dialog.getByLabel('Example payload').fill('{"id": 12345678901234567890, "total": 10.00');
  await expect(dialog.getByText('This is no JSON object')).toBeVisible();
  await dialog.getByLabel('Example payload').fill('{"id": 12345678901234567890, "total": 10.00}');
  await dialog.getByRole('button', { name: 'Add event type' }).click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('region', { name: 'Example' })).toContainText('12345678901234567890');
  await expect(page.getByRole('region', { name: 'Example' })).toContainText('10.00');
});

test('who may not add event types is told why', async ({ page, stage }) => {
  const email = await stage.person('owner');
  await enter(page, `/m/${stage.merchant}/deliveries`, email, PASSWORD);
  await page.getByRole('link', { name: 'Event types' }).click();
  const button = page.getByRole('button', { name: 'Add event type' });
  await expect(button).toBeDisabled();
  await expect(button).toHaveAccessibleDescription('This takes the platform role operator.');
});
