// Takes a picture of every page.

import { mkdirSync, rmSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { everyPage } from '../e2e/pages';
import { settled } from '../e2e/settled';
import { makeWorld } from '../e2e/shop-world';
import { expect, signIn, test } from '../e2e/stage';

const FOLDER = new URL('../../docs/screens/', import.meta.url).pathname;
/** What is shown in the dark too. */
const DARK = ['platform-overview', 'merchant-delivery', 'merchant-endpoint'];

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${FOLDER}${name}.png`, animations: 'disabled', caret: 'hide' });
}

test('pictures of every page', async ({ page }) => {
  test.setTimeout(900_000);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const world = await makeWorld({ events: 3 });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const pages = everyPage(world.ids);
  const show = async (url: string, name: string) => {
    await page.goto(url);
    await settled(page);
    if (name === 'merchant-simulate') {
      await page.getByRole('button', { name: 'Play' }).click();
      await expect(page.getByRole('region', { name: 'Outcome' }).getByText('ABANDONED_SESSION').first()).toBeVisible();
    }
    // Charts and figures that come after the page itself.
    await page.waitForTimeout(400);
    await take(page, name);
    if (!DARK.includes(name)) return;
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
    await take(page, `${name}-dark`);
    await page.emulateMedia({ colorScheme: 'light' });
  };
  for (const { url, name } of pages.filter(({ isOpen }) => isOpen)) await show(url, name);
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
  for (const { url, name } of pages.filter(({ isOpen }) => !isOpen))
    await test.step(name, () => show(url, name));
  // An endpoint counts as failing when nothing else has come of it for a minute.
  await expect(async () => {
    await world.publish();
    await page.goto('/platform/overview');
    await expect(page.getByRole('link', { name: /erp$/ }).last()).toBeVisible();
  }).toPass({ timeout: 90_000 });
  await show('/platform/overview', 'platform-overview');
  await page.setViewportSize({ width: 360, height: 740 });
  const merchant = world.ids.merchantId;
  await show(`/m/${merchant}/deliveries`, 'phone-deliveries');
  await show(`/m/${merchant}/deliveries/${world.ids.deliveryId}`, 'phone-delivery');
  world.stop();
});
