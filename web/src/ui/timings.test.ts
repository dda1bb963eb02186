import { expect, test } from 'vitest';
import { stepsOf } from './timings';

test('steps add up to the whole', () => {
  const timings = { dns_ms: 1.2, connect_ms: 8.4, tls_ms: 12.1, first_byte_ms: 35.9 };
  const steps = stepsOf({ timings, duration_ms: 60 });
  expect(steps.map(({ name }) => name)).toEqual([
    'Name lookup',
    'Connect',
    'TLS',
    'Waiting for the answer',
    'Rest',
  ]);
  expect(steps.reduce((sum, step) => sum + step.ms, 0)).toBeCloseTo(60);
});

test('what did not happen is left out', () => {
  const timings = { dns_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: 3 };
  expect(stepsOf({ timings, duration_ms: 3 }).map(({ name }) => name)).toEqual([
    'Waiting for the answer',
  ]);
});
