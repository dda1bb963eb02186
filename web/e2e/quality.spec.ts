// What holds on every page, with a platform behind it whose names and texts are hostile: what strangers have written is
// text; it can be used by everybody, in light and dark; on a phone nothing is beside the screen.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { type PageOf, everyPage } from './pages';
import { settled } from './settled';
import { hostile, makeWorld } from './shop-world';
import { enter, expect, test } from './stage';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Rows of long lists, made like those before them: to look at each takes most of the time. */
const MORE_ROWS = 'tbody > tr:nth-child(n + 13)';

/** Serious and critical faults, each with where it is. Only colours differ in the dark. */
async function faults(page: Page, scheme: 'light' | 'dark'): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({
    resultTypes: ['violations'],
    iframes: false,
    // Styles and media are not fetched again for rules about them: no page plays anything.
    preload: false,
    runOnly: scheme === 'dark' ? ['color-contrast'] : WCAG,
  });
  // Without frames there is nothing to gather in a page of its own.
  const { violations } = await axe.exclude(MORE_ROWS).setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map((node) => `${id}: ${node.target} ${node.failureSummary?.split('\n')[1]}`),
    );
}

async function isUsable(page: Page, { url }: PageOf) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
    expect.soft(await faults(page, colorScheme), `${url}, ${colorScheme}`).toEqual([]);
  }
}

async function isText(page: Page, { url }: PageOf) {
  const found = await page.evaluate(() => ({
    ran: 'hostile' in window,
    // The page's own script stands in the head.
    markup: document.querySelectorAll('img[src="x"], svg[onload], body script, a[href^="javascript:"]').length,
  }));
  expect.soft(found, url).toEqual({ ran: false, markup: 0 });
}

const softly = expect.configure({ soft: true });

async function fitsPhones(page: Page, { url }: PageOf) {
  await page.setViewportSize({ width: 360, height: 740 });
  // Charts follow the new width a moment later.
  const beside = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await softly
    .poll(beside, { message: `${url} is wider than a phone`, timeout: 5_000, intervals: [50, 100, 200] })
    .toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 720 });
}

test('every page can be used by everybody, on a phone too, and what strangers write is text', async ({ page }) => {
  test.setTimeout(900_000);
  const alarms: string[] = [];
  page.on('dialog', (dialog) => {
    alarms.push(dialog.message());
    void dialog.dismiss();
  });
  const world = await makeWorld({ isHostile: true });
  const pages = everyPage(world.ids);
  const visit = (one: PageOf) =>
    test.step(one.name, async () => {
      await page.goto(one.url);
      await settled(page);
      await isText(page, one);
      await isUsable(page, one);
      if (one.isNarrow) await fitsPhones(page, one);
    });
  for (const one of pages.filter(({ isOpen }) => isOpen)) await visit(one);
  await enter(page, '/');
  await expect(page.getByText(hostile()[0] ?? '').last()).toBeVisible();
  for (const one of pages.filter(({ isOpen }) => !isOpen)) await visit(one);
  await page.goto(`/m/${world.ids.merchantId}/deliveries/${world.ids.deliveryId}`);
  await expect(page.getByText('<script>window.hostile = true</script>').last()).toBeVisible();
  expect(alarms).toEqual([]);
  world.stop();
});

test('what opens over a page can be used by everybody, too', async ({ page, stage, receiver }) => {
  test.setTimeout(180_000);
  receiver.answer = { status: 500, body: '' };
  await stage.endpoint(receiver.url, { schedule: [] });
  await stage.publish();
  const failed = `/merchants/${stage.merchant}/deliveries?status=failed`;
  await expect.poll(async () => (await stage.call('GET', failed)).data.length).toBe(1);
  const merchant = `/m/${stage.merchant}`;
  /** Where it is, what opens it, and what opens. */
  const opened: [string, string, 'dialog' | 'menu'][] = [
    [`${merchant}/deliveries`, 'Account of', 'menu'],
    [`${merchant}/deliveries`, 'Status', 'dialog'],
    [`${merchant}/deliveries`, 'Event type', 'dialog'],
    [`${merchant}/deliveries`, 'Time', 'dialog'],
    [`${merchant}/deliveries`, 'HTTP status', 'dialog'],
    [`${merchant}/deliveries?status=failed`, 'Retry all that match', 'dialog'],
    [`${merchant}/endpoints`, 'Actions for', 'menu'],
    [`${merchant}/event-types`, 'Add event type', 'dialog'],
    [`${merchant}/api-keys`, 'Add API key', 'dialog'],
    [`${merchant}/audit-log`, 'create merchant', 'dialog'],
    ['/platform/overview', 'Pause deliveries', 'dialog'],
    ['/platform/apps', 'Add app', 'dialog'],
  ];
  await enter(page, '/');
  for (const [url, name, role] of opened)
    await test.step(`${url} ${name}`, async () => {
      await page.goto(url);
      await settled(page);
      await page.getByRole('button', { name }).first().click();
      await expect(page.getByRole(role).last()).toBeVisible();
      await isUsable(page, { name, url: `${url}, ${name}`, isOpen: false, isNarrow: false });
      await page.emulateMedia({ colorScheme: 'light' });
    });
});
