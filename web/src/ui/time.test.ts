import { expect, test } from 'vitest';
import { ago } from './time';

test('a time is told by its largest unit', () => {
  const now = Date.parse('2026-05-07T10:00:00Z');
  const at = (seconds: number) => ago(new Date(now + seconds * 1_000).toISOString(), now);
  expect(at(1)).toBe('just now');
  expect(at(-59)).toContain('59');
  expect(at(-3_601)).toContain('1');
  expect(at(7_200)).toContain('2');
});
