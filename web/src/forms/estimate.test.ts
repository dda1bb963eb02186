import { expect, test } from 'vitest';
import { estimateWords } from './estimate';

test('an estimate is a sentence', () => {
  expect(estimateWords({ count: 1_204, rate: 5, endpoints: 3 })).toBe(
    '1,204 deliveries to 3 endpoints, about 4 minutes at 5 a second.',
  );
  expect(estimateWords({ count: 1, rate: 50 })).toBe('1 delivery, about 1 second at 50 a second.');
  expect(estimateWords({ count: 1_000_000, rate: 50 })).toContain('or more');
  expect(estimateWords({ count: 0, rate: 50 })).toContain('Nothing');
});
