import { expect, test } from 'vitest';
import { fired } from './timer-charts';

test('what has fired is told with how late it was', () => {
  expect(fired({ timers: 0, late_p99_ms: null })).toBe('None has fired in this time.');
  expect(fired({ timers: 1, late_p99_ms: 290 })).toBe('1 has fired, 99 of 100 at most 290 ms late.');
  expect(fired({ timers: 310, late_p99_ms: null })).toBe('310 have fired.');
});
