// Where the time of an attempt went.

import type { components } from '../api/__generated__/schema';

type Attempt = Pick<components['schemas']['Attempt'], 'timings' | 'duration_ms'>;
export type Step = { name: string; ms: number; color: string };

const STEPS: [key: keyof Attempt['timings'], name: string, color: string][] = [
  ['dns_ms', 'Name lookup', 'violet'],
  ['connect_ms', 'Connect', 'blue'],
  ['tls_ms', 'TLS', 'teal'],
  ['first_byte_ms', 'Waiting for the answer', 'orange'],
];

/** The steps that took place, and what is left of the whole. */
export function stepsOf({ timings, duration_ms }: Attempt): Step[] {
  const steps = STEPS.flatMap(([key, name, color]) => {
    const ms = timings[key];
    return typeof ms === 'number' ? [{ name, ms, color }] : [];
  });
  const rest = duration_ms - steps.reduce((sum, step) => sum + step.ms, 0);
  return rest > 0.05 ? [...steps, { name: 'Rest', ms: rest, color: 'gray' }] : steps;
}
