import { type Page, expect } from '@playwright/test';

/** Waits until a page shows what it has. */
export async function settled(page: Page): Promise<void> {
  // Looked for with every frame: what is expected below then holds at once, or says what is missing.
  await page.waitForFunction(
    () =>
      document.querySelector('h1') && !document.querySelector('[aria-busy="true"], main [aria-label="Loading"]'),
    undefined,
    { timeout: 15_000 },
  );
  const heading = page.getByRole('heading', { level: 1 });
  await expect(heading).toBeVisible();
  await expect(heading).not.toHaveText(/could not be shown|^Not found/);
  await expect(page.locator('[aria-busy="true"], main [aria-label="Loading"]')).toHaveCount(0);
  await expect(page.getByRole('alert').filter({ hasText: 'Try again' })).toHaveCount(0);
  await expect(page.getByText('This page is not for you')).toHaveCount(0);
}
