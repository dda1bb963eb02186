import { expect, test } from 'vitest';
import { type Failing, effect, sorted } from './failing';

test('an endpoint that fails is open until somebody looks after it', () => {
  const open = { acknowledged: null } as Failing;
  const seen = { acknowledged: { note: '' } } as Failing;
  expect(sorted([open, seen])).toEqual({ open: [open], acknowledged: [seen] });
});

test('what resolving does is said before', () => {
  expect(effect(true, 0)).toBe('No delivery waits for it.');
  expect(effect(true, 1)).toBe('1 delivery waits: it is sent when due.');
  expect(effect(false, 18)).toMatch(/enabled again\. 18 deliveries wait: they are sent now/);
});
