import { expect, test } from 'vitest';
import { left } from './countdown';

test('what is left is told to the second', () => {
  expect(left(372_000)).toBe('06:12');
  expect(left(500)).toBe('00:01');
  expect(left(3_600_000)).toBe('01:00:00');
});
