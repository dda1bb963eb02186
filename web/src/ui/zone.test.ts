import { expect, test } from 'vitest';
import { exactly, isKnown, zoneOf } from './zone';

test('the zone of a store counts where it is chosen and known', () => {
  expect(zoneOf('store', 'Asia/Kolkata')).toBe('Asia/Kolkata');
  expect(zoneOf('store', null)).toBe('local');
  // A zone that is younger than the browser.
  expect(zoneOf('store', 'Moon/Tranquility')).toBe('local');
  expect(zoneOf('UTC', 'Asia/Kolkata')).toBe('UTC');
  expect(zoneOf('local', 'Asia/Kolkata')).toBe('local');
  expect(isKnown('UTC')).toBe(true);
});

test('a time is told in its zone, with its name', () => {
  const told = exactly('2026-05-07T10:05:00Z', 'Asia/Kolkata');
  expect(told).toContain('3:35');
  expect(told).toContain('(Asia/Kolkata)');
  expect(exactly('2026-05-07T10:05:00Z', 'UTC')).toContain('UTC');
});
