import { enter, expect, test } from './stage';

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
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByLabel('Email').fill(shopper);
  await page.getByLabel('Email').press('Enter');
  await page.getByRole('link', { name: shopper }).click();
  await expect(page.getByRole('heading', { name: shopper })).toBeVisible();
  await expect(page.getByText(/^fires in 1[45]:\d\d$/)).toBeVisible();
  await expect(page.getByText(/^Due at .*ABANDONED_SESSION/)).toBeVisible();
  await page.getByRole('link', { name: 'PRODUCT_VIEWED' }).click();
  await expect(page.getByRole('status')).toHaveText(/succeeded/);
});
