import { type Page, expect } from '@playwright/test';

/** Waits until a page shows what it has. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('[aria-busy="true"], main [aria-label="Loading"]')).toHaveCount(0);
}
