// What holds on every page: it can be used by everybody, in light and dark; on a phone nothing is beside the screen;
// and what strangers have written is text.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { everyPage } from './pages';
import { settled } from './settled';
import { hostile, makeWorld } from './shop-world';
import { expect, signIn, test } from './stage';

/** Serious and critical faults, each with where it is. Only colours differ in the dark. */
async function faults(page: Page, scheme: 'light' | 'dark'): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({
    resultTypes: ['violations'],
    iframes: false,
    ...(scheme === 'dark' && { runOnly: ['color-contrast'] }),
  });
  const { violations } = await axe.analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map((node) => `${id}: ${node.target} ${node.failureSummary?.split('\n')[1]}`),
    );
}

const softly = expect.configure({ soft: true });

async function isWide(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

async function enter(page: Page) {
  await signIn(page);
  await expect(page.getByRole('heading', { name: 'Merchants' })).toBeVisible();
}

test('every page can be used by everybody, in light and in dark, and on a phone', async ({
  page,
}) => {
  test.setTimeout(1_800_000);
  const world = await makeWorld();
  const pages = everyPage(world.ids);
  const visit = async (one: (typeof pages)[number]) => {
    await page.goto(one.url);
    await settled(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
      expect.soft(await faults(page, colorScheme), `${one.url}, ${colorScheme}`).toEqual([]);
    }
    if (!one.isNarrow) return;
    await page.setViewportSize({ width: 360, height: 740 });
    // Charts follow the new width a moment later.
    await softly
      .poll(() => isWide(page), { message: `${one.url} is wider than a phone`, timeout: 5_000 })
      .toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1280, height: 720 });
  };
  for (const one of pages.filter(({ isOpen }) => isOpen))
    await test.step(one.name, () => visit(one));
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await enter(page);
  for (const one of pages.filter(({ isOpen }) => !isOpen))
    await test.step(one.name, () => visit(one));
  world.stop();
});

test('what strangers write is text on every page', async ({ page }) => {
  test.setTimeout(1_800_000);
  const alarms: string[] = [];
  page.on('dialog', (dialog) => {
    alarms.push(dialog.message());
    void dialog.dismiss();
  });
  const world = await makeWorld({ isHostile: true });
  await enter(page);
  await expect(page.getByText(hostile()[0] ?? '').last()).toBeVisible();
  for (const { url, name } of everyPage(world.ids).filter(({ isOpen }) => !isOpen))
    await test.step(name, async () => {
      await page.goto(url);
      await settled(page);
      const found = await page.evaluate(() => ({
        ran: 'hostile' in window,
        markup: document.querySelectorAll(
          'img[src="x"], svg[onload], body script, a[href^="javascript:"]',
        ).length,
      }));
      // The page's own script stands in the head.
      expect.soft(found, url).toEqual({ ran: false, markup: 0 });
    });
  await page.goto(`/m/${world.ids.merchantId}/deliveries/${world.ids.deliveryId}`);
  await expect(page.getByText('<script>window.hostile = true</script>').last()).toBeVisible();
  expect(alarms).toEqual([]);
  world.stop();
});
