import { enter, expect, test } from './stage';

test('a failed delivery is found and retried without a mouse', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url, { schedule: [] });
  receiver.answer = { status: 500, body: 'out of order' };
  const failed = await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  receiver.answer = { status: 200, body: '{"ok":true}' };
  for (let made = 0; made < 3; made += 1) await stage.publish();
  await expect.poll(() => receiver.requests).toBe(4);
  await enter(page, `/m/${stage.merchant}/endpoints`);
  await expect(page.getByRole('heading', { name: 'Endpoints' })).toBeVisible();

  // The second key of a pair counts for a moment only, which a slow machine may miss.
  await expect(async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible({ timeout: 2_000 });
  }).toPass();
  const rows = page.getByRole('table', { name: 'Deliveries' }).getByRole('link');
  await expect(rows).toHaveCount(4);
  await page.keyboard.press('/');
  const search = page.getByRole('searchbox');
  await expect(search).toBeFocused();
  // What is typed is typed, whatever it would mean elsewhere.
  await page.keyboard.type('gdjkr?c/');
  await expect(search).toHaveValue('gdjkr?c/');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Status' })).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'failed' })).toBeVisible();
  await page.getByRole('checkbox', { name: 'failed' }).press('Space');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(rows).toHaveCount(1);

  // It is retried from its row, and what comes of it is seen there.
  receiver.answer = { status: 500, body: 'still out of order' };
  await page.keyboard.press('j');
  await expect(rows).toBeFocused();
  await page.keyboard.press('r');
  await expect(page.getByRole('row', { name: /failed.*2 attempts/ })).toBeVisible();
  receiver.answer = { status: 200, body: '' };
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(failed.deliveries[0].id));
  await expect(page.getByText('Attempt 2: not accepted')).toBeVisible();
  await page.keyboard.press('r');
  await expect(page.getByText('Attempt 3: success')).toBeVisible();
  await page.keyboard.press('j');
  await expect(page.getByText('Attempt 2: not accepted')).toBeVisible();
  await page.keyboard.press('j');
  await expect(page.getByText('Attempt 1: not accepted')).toBeVisible();
});

test('keys are listed, heard in no field, and can be turned off', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  await stage.publish();
  await enter(page, `/m/${stage.merchant}/deliveries`);
  const rows = page.getByRole('table', { name: 'Deliveries' }).getByRole('link');
  await expect(rows).toHaveCount(1);
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(help.getByRole('row', { name: /j Next row/ })).toBeVisible();
  await expect(help.getByRole('row', { name: /g d Deliveries/ })).toBeVisible();
  await help.getByRole('switch').uncheck();
  await page.keyboard.press('Escape');
  await expect(help).toHaveCount(0);
  await page.keyboard.press('j');
  await expect(rows).not.toBeFocused();
  await page.keyboard.press('?');
  await help.getByRole('switch').check();
  await page.keyboard.press('Escape');
  await expect(help).toHaveCount(0);
  await page.keyboard.press('j');
  await expect(rows).toBeFocused();
});
