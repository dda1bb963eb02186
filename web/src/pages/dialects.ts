// The wire formats in words. Times are the defaults; a platform may set others.

import type { components } from '../api/__generated__/schema';

export type Dialect = components['schemas']['Dialect'];
export type DialectInfo = {
  name: Dialect;
  label: string;
  about: string;
  success: string;
  schedule: string;
  timeout: string;
  /** The header that carries the plain secret, where there is one. */
  secretHeader?: string;
  batches: boolean;
  /** Payload versions, the newest first. */
  versions: string[];
};

export const DIALECTS: DialectInfo[] = [
  {
    name: 'standard',
    label: 'Standard Webhooks',
    about: 'The common format of standardwebhooks.com, for receivers of your own. It may carry any event type.',
    success: 'Any 2xx answer counts as taken; 410 disables the endpoint.',
    schedule: '5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h',
    timeout: '20s',
    batches: false,
    versions: ['1'],
  },
  {
    name: 'flexype',
    label: 'FlexyPe',
    about: 'For receivers that take FlexyPe webhooks already: the secret comes in a header of its own.',
    success: 'Only the answer 200 counts as taken.',
    schedule: '1m, 5m, 15m',
    timeout: '10s',
    secretHeader: 'X-Flexype-Authorization',
    batches: false,
    versions: ['2026-05'],
  },
  {
    name: 'flashy',
    label: 'Flashy',
    about: 'For receivers that take Flashy webhooks already: a list of events, which may be collected.',
    success: 'Any 2xx answer counts as taken.',
    schedule: '1m, 5m, 15m',
    timeout: '5s',
    batches: true,
    versions: ['v1'],
  },
  {
    name: 'carthook',
    label: 'CartHook',
    about: 'For receivers that take CartHook push calls already: the topic comes in the header X-Carthook-Topic.',
    success: 'Any 2xx answer counts as taken.',
    schedule: '1m, 5m, 15m, then hourly for a day',
    timeout: '10s',
    batches: false,
    versions: ['v1'],
  },
];

export function dialectInfo(name: Dialect): DialectInfo {
  return DIALECTS.find((one) => one.name === name) ?? DIALECTS[0]!;
}
