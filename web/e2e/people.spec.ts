import { PASSWORD, expect, signIn, test } from './stage';

const NEW = 'staple battery horse';

/** The part of a link that a page reads. */
function place(url: string): string {
  const { pathname, hash } = new URL(url);
  return pathname + hash;
}

test('an invited person makes an account and is in', async ({ page, stage }) => {
  const email = `joe-${Date.now()}@example.com`;
  const invited = await stage.call('POST', `/merchants/${stage.merchant}/invitations`, {
    email,
    role: 'viewer',
  });
  await page.goto(place(invited.url));
  await page.getByRole('textbox', { name: 'Password' }).fill('short');
  await page.getByRole('button', { name: 'Accept' }).click();
  await expect(page.getByText('must have 12 to 256 characters').first()).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill(NEW);
  await page.getByRole('button', { name: 'Accept' }).click();
  await expect(page.getByRole('status')).toHaveText('You are in.');
  await signIn(page, email, NEW);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
});

test('a forgotten password is set anew by a link, once', async ({ page, stage }) => {
  const email = await stage.person('developer');
  const users = await stage.call('GET', '/users');
  const user = users.data.find((one: { email: string }) => one.email === email);
  const link = await stage.call('POST', `/users/${user.id}/password-reset`, {});
  await page.goto(place(link.url));
  await page.getByRole('textbox', { name: 'Password' }).fill(NEW);
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByRole('status')).toHaveText('Your password is set.');
  await signIn(page, email, PASSWORD);
  await expect(page.getByRole('alert')).toHaveText('The email or the password is wrong.');
  await signIn(page, email, NEW);
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
});

test('a portal link drops its bearer into the merchant, once', async ({ page, stage }) => {
  const link = await stage.call('POST', `/merchants/${stage.merchant}/portal-links`, {
    role: 'viewer',
    label: 'Jane',
  });
  await page.goto(place(link.url));
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await expect(page.getByText('Jane')).toBeVisible();
  await page.getByRole('button', { name: 'Account of Jane' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.goto(place(link.url));
  await expect(page.getByRole('alert')).toContainText('used, old or wrong');
});
