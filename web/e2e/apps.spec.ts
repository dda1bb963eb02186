import { PASSWORD, enter, expect, test } from './stage';

test('ops add an app with an endpoint and a key; a merchant installs and uninstalls it', async ({
  page,
  stage,
  receiver,
}) => {
  const name = `Mailer <i>${Date.now()}</i>`;
  await enter(page, '/platform/apps');
  await page.getByRole('button', { name: 'Add app' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Add app' }).click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await page.getByRole('link', { name: 'Add endpoint' }).click();
  await page.getByLabel('URL').fill(receiver.url);
  await page.getByRole('radio', { name: 'FlexyPe' }).check();
  await page.getByRole('checkbox', { name: 'PRODUCT_VIEWED' }).check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await page.getByRole('link', { name: 'Go on to the endpoint' }).click();
  await page.getByRole('tab', { name: 'Test' }).click();
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect.poll(() => receiver.requests).toBe(1);
  await page.getByRole('main').getByRole('link', { name: 'App', exact: true }).click();
  await expect(page.getByRole('link', { name: receiver.url })).toBeVisible();
  await page.getByRole('tab', { name: 'API keys' }).click();
  await expect(page.getByText('No API key yet')).toBeVisible();
  await page.getByRole('tab', { name: 'Developers' }).click();
  await page.getByLabel('Email').fill(`dev-${Date.now()}@example.com`);
  await page.getByRole('button', { name: 'Invite' }).click();
  await expect(page.getByText(/accept-invitation#token=hyi_/)).toBeVisible();

  await page.goto(`/m/${stage.merchant}/apps`);
  await page.getByRole('button', { name: `Install ${name}`, exact: true }).click();
  await expect(page.getByRole('button', { name: `Uninstall ${name}` })).toBeVisible();
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(2);
  await page.getByRole('button', { name: `Uninstall ${name}` }).click();
  await expect(page.getByRole('dialog')).toContainText('what waits for it is cancelled');
  await page.getByRole('dialog').getByRole('button', { name: 'Uninstall' }).click();
  await expect(page.getByRole('button', { name: `Install ${name}`, exact: true })).toBeVisible();
});

test('a developer of a merchant sees apps but may not install them', async ({ page, stage }) => {
  const app = await stage.call('POST', '/apps', { name: `App ${Date.now()}` });
  const email = await stage.person('developer');
  await enter(page, `/m/${stage.merchant}/deliveries`, email, PASSWORD);
  await page.getByRole('link', { name: 'Apps' }).click();
  const button = page.getByRole('button', { name: `Install ${app.name}` });
  await expect(button).toBeDisabled();
  await expect(button).toHaveAccessibleDescription('This takes the role owner; yours is developer.');
});
