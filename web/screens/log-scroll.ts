// How smooth the log is with very many rows read: frames while it is scrolled, and how soon a key moves on.

import { type Page, expect } from '@playwright/test';

/** A turn of the wheel: ten rows. */
const STEP = 540;
const STEPS = 100;
const PRESSES = 30;

export type Smoothness = {
  /** Rows that stand in the page. */
  drawn: number;
  /** Milliseconds between two frames while the wheel turns. */
  frames: number[];
  /** Milliseconds from a press of `j` to the next row's focus, and to the frame that shows it. */
  moves: number[];
  shown: number[];
};

type Watched = typeof window & { paces: number[]; moves: number[]; shown: number[] };

/** Reads on until so many rows are there. */
export async function readRows(page: Page, rows: number): Promise<void> {
  for (let read = 100; read < rows; read += 100) {
    await page.keyboard.press('End');
    const next = read + 100;
    await expect(page.getByText(new RegExp(`^${next.toLocaleString('en')} (shown|in all)`))).toBeVisible();
  }
}

/** Scrolls a log that has been read so far, from its top, and walks down its rows. */
export async function smoothness(page: Page): Promise<Smoothness> {
  await page.keyboard.press('Home');
  await expect(page.locator('tr[data-row="0"]')).toBeInViewport();
  await page.mouse.move(600, 400);
  await page.evaluate(watchFrames);
  for (let step = 0; step < STEPS; step += 1) await page.mouse.wheel(0, STEP);
  const drawn = await page.locator('tr[data-row]').count();
  const frames = await page.evaluate(() => (window as Watched).paces);

  // Where all rows have been scrolled past there is none to go on to.
  await page.mouse.wheel(0, -STEP * 6);
  await page.evaluate(watchMoves);
  for (let press = 1; press <= PRESSES; press += 1) {
    await page.keyboard.press('j');
    await page.waitForFunction((count) => (window as Watched).shown.length >= count, press);
  }
  const { moves, shown } = await page.evaluate(() => {
    const { moves, shown } = window as Watched;
    return { moves, shown };
  });
  return { drawn, frames, moves, shown };
}

function watchFrames(): void {
  const watched = window as Watched;
  watched.paces = [];
  let before = performance.now();
  const look = (now: number) => {
    watched.paces.push(now - before);
    before = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame((now) => {
    before = now;
    requestAnimationFrame(look);
  });
}

function watchMoves(): void {
  const watched = window as Watched;
  watched.moves = [];
  watched.shown = [];
  let pressed = 0;
  document.addEventListener('keydown', () => (pressed = performance.now()), { capture: true });
  document.addEventListener('focusin', () => {
    watched.moves.push(performance.now() - pressed);
    requestAnimationFrame(() => setTimeout(() => watched.shown.push(performance.now() - pressed)));
  });
}
