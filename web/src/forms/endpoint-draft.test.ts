import { expect, test } from 'vitest';
import type { Endpoint } from '../api/endpoints';
import { EMPTY, delaysOf, draftOf, secretFault, toCreate, toUpdate } from './endpoint-draft';

const endpoint: Endpoint = {
  id: 'ep_1',
  merchant_id: 'mer_1',
  app_id: null,
  url: 'https://hooks.example.com/',
  dialect: 'flexype',
  webhook_id: null,
  event_types: ['PRODUCT_VIEWED'],
  description: 'CRM',
  version: '2026-05',
  headers: { 'X-Team': '****', 'X-Old': '****' },
  rate_limit: 5,
  timeout: '5s',
  schedule: ['1m', '5m'],
  batch: null,
  signed: true,
  enabled: true,
  disabled_reason: null,
  disabled_at: null,
  failing_since: null,
  created_at: '2026-05-07T10:00:00Z',
  updated_at: '2026-05-07T10:00:00Z',
};

test('an endpoint that nobody changed has no changes', () => {
  expect(toUpdate(draftOf(endpoint), endpoint)).toEqual({});
});

test('only what was changed is sent, a header taken away as null', () => {
  const draft = draftOf(endpoint);
  const changed = {
    ...draft,
    description: '',
    timeout: ' ',
    schedule: '1m,  10m 1h',
    rate_limit: null,
    headers: [
      { name: 'X-Team', value: '****' },
      { name: 'X-New', value: 'a' },
      { name: ' ', value: 'no name' },
    ],
  };
  expect(toUpdate(changed, endpoint)).toEqual({
    description: '',
    timeout: null,
    schedule: ['1m', '10m', '1h'],
    rate_limit: null,
    headers: { 'X-Old': null, 'X-New': 'a' },
  });
});

test('a schedule of its own may be empty: no retries', () => {
  expect(delaysOf(null)).toBeNull();
  expect(delaysOf(' ')).toEqual([]);
});

test('events are collected only where the format has that', () => {
  const batch = { max_events: 10, max_wait: '1s' };
  expect(toCreate({ ...EMPTY, batch }).batch).toBeNull();
  expect(toCreate({ ...EMPTY, dialect: 'flashy', batch }).batch).toEqual(batch);
});

test('a secret of one’s own is looked at before it is sent', () => {
  expect(secretFault('flexype', 'too short')).toMatch(/16 to 512/);
  expect(secretFault('flexype', ' a space at the start')).toMatch(/ASCII/);
  expect(secretFault('flexype', 'צופן שאינו מתאים כלל')).toMatch(/ASCII/);
  expect(secretFault('flexype', 'a secret of our own')).toBeUndefined();
  expect(secretFault('standard', 'a secret of our own')).toMatch(/whsec_/);
  expect(secretFault('standard', 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=')).toBeUndefined();
});
