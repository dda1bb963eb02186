import { PASSWORD, expect, signIn, test } from './stage';

test('each kind of person is shown their own pages', async ({ page, stage }) => {
  await signIn(page);
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await expect(pages.getByRole('link', { name: 'Users' })).toBeVisible();
  await expect(pages.getByRole('link', { name: 'System' })).toBeVisible();
  await page.getByRole('link', { name: stage.name }).click();
  await expect(page).toHaveTitle(`Deliveries · ${stage.name} · Hookyard`);
  await expect(pages.getByRole('link', { name: 'Sessions' })).toBeVisible();
  await expect(pages.getByRole('link', { name: 'Users' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();

  const viewer = await stage.person('viewer');
  await signIn(page, viewer, PASSWORD);
  await expect(page).toHaveURL(new RegExp(`/m/${stage.merchant}/deliveries`));
  await expect(pages.getByRole('link', { name: 'People' })).toBeVisible();
  for (const name of ['API keys', 'Audit log', 'All merchants'])
    await expect(pages.getByRole('link', { name })).toHaveCount(0);
  await page.goto('/platform/users');
  await expect(page.getByText('It is for admins of the platform')).toBeVisible();
});

test('ops go from one merchant to another by name', async ({ page, stage }) => {
  await signIn(page);
  await page.getByRole('button', { name: 'Go to merchant' }).click();
  await page.getByRole('textbox', { name: 'Find a merchant' }).fill(stage.name);
  await page.getByRole('option', { name: stage.name }).click();
  await expect(page).toHaveURL(new RegExp(`/m/${stage.merchant}/deliveries`));
  await expect(page.getByRole('main')).toBeFocused();
});

test('colours are kept, and there from the first paint', async ({ page }) => {
  await signIn(page);
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  // Without the pages' own script: what is there before it runs.
  await page.route('**/assets/index-*.js', (route) => route.abort());
  await page.reload({ waitUntil: 'commit' });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
});

test('times are told in the zone that is chosen, by name', async ({ page, stage }) => {
  await signIn(page);
  const row = page.getByRole('row', { name: stage.name });
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitemradio', { name: 'UTC', exact: true }).click();
  await page.keyboard.press('Escape');
  await row.getByRole('time').hover();
  await expect(page.getByRole('tooltip')).toContainText('UTC');
});

test('times of a merchant are told in the zone of its store, and here where it has none', async ({
  page,
  stage,
  receiver,
}) => {
  await stage.endpoint(receiver.url);
  await stage.call('PATCH', `/merchants/${stage.merchant}`, { store: { time_zone: 'Asia/Kolkata' } });
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
  await page.goto(`/m/${stage.merchant}/endpoints`);
  const added = page.getByRole('row', { name: receiver.url }).getByRole('time');
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitemradio', { name: 'Store time: Asia/Kolkata' }).click();
  await page.keyboard.press('Escape');
  await added.hover();
  await expect(page.getByRole('tooltip')).toContainText('(Asia/Kolkata)');

  await stage.call('PATCH', `/merchants/${stage.merchant}`, { store: { time_zone: null } });
  await page.reload();
  await added.hover();
  await expect(page.getByRole('tooltip')).not.toContainText('Kolkata');
  await page.getByRole('button', { name: 'Account of' }).click();
  await expect(page.getByRole('menuitemradio', { name: /Store time/ })).toContainText('There is no zone of a store here');
});

test('a zone that the browser does not know breaks nothing', async ({ page, stage, receiver }) => {
  await stage.endpoint(receiver.url);
  await page.route(`**/v1/merchants/${stage.merchant}`, async (route) => {
    const answer = await route.fetch();
    const merchant = await answer.json();
    merchant.store.time_zone = 'Moon/Tranquility';
    await route.fulfill({ response: answer, json: merchant });
  });
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await page.getByRole('button', { name: 'Account of' }).click();
  const choice = page.getByRole('menuitemradio', { name: /Store time/ });
  await choice.click();
  await expect(choice).toContainText('This browser does not know Moon/Tranquility');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('combobox', { name: 'Time zone' })).toHaveValue('Moon/Tranquility');
  await page.getByRole('time').nth(0).hover();
  await expect(page.getByRole('tooltip')).toBeVisible();
});

test('the keyboard alone leads past the navigation and to every page', async ({ page, stage }) => {
  await signIn(page);
  await page.getByRole('link', { name: stage.name }).click();
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the page' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  // The second key of a pair counts for a moment only, which a slow machine may miss.
  await expect(async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await expect(page).toHaveURL(/endpoints$/, { timeout: 2_000 });
  }).toPass();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('who signs out in one tab is out in all', async ({ page, stage }) => {
  await signIn(page, await stage.person('viewer'), PASSWORD);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  const other = await page.context().newPage();
  await other.goto(`/m/${stage.merchant}/endpoints`);
  await expect(other.getByRole('heading', { name: 'Endpoints' })).toBeVisible();
  await page.getByRole('button', { name: 'Account of' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('no script in a page runs', async ({ page }) => {
  await page.goto('/sign-in');
  const blocked = await page.evaluate(
    () =>
      new Promise<string>((done) => {
        document.addEventListener('securitypolicyviolation', (event) =>
          done(event.effectiveDirective),
        );
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
      }),
  );
  expect(blocked).toContain('script-src');
  expect(await page.evaluate(() => 'ran' in window)).toBe(false);
});
