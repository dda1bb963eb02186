import { expect, test } from 'vitest';
import { stateOf } from './endpoint-state';

type Doing = NonNullable<Parameters<typeof stateOf>[1]>;

const on = { enabled: true, failing_since: null };
const lastAnswered = (last_outcome: string | null) => ({ last_delivery: { last_outcome } }) as Doing;

test('an endpoint whose last delivery failed is failing before the server has noted it', () => {
  expect(stateOf(on, lastAnswered('http_status'))).toBe('failing');
  expect(stateOf(on, lastAnswered('success'))).toBe('working');
  expect(stateOf(on, lastAnswered(null))).toBe('working');
  expect(stateOf(on, undefined)).toBe('working');
  expect(stateOf({ ...on, failing_since: '2026-01-01T00:00:00Z' }, undefined)).toBe('failing');
});

test('what somebody has decided says more than how it does', () => {
  const paused = { ...lastAnswered('timeout'), paused_at: '2026-01-01T00:00:00Z' };
  expect(stateOf(on, paused)).toBe('paused');
  expect(stateOf({ ...on, enabled: false }, paused)).toBe('disabled');
});
