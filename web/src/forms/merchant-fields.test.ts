import { expect, test } from 'vitest';
import { toJson } from '../api/raw-json';
import type { components } from '../api/__generated__/schema';
import { merchantOf } from './merchant-fields';

const form = (account: string) => {
  const fields = new FormData();
  fields.set('flashy_account_id', account);
  return fields;
};
const sent = (account: string, known?: number | null) =>
  toJson(merchantOf(form(account), { flashy_account_id: known } as components['schemas']['Merchant']));

test('what is empty is taken away, a zone too', () => {
  const fields = new FormData();
  expect(merchantOf(fields).store).toMatchObject({ currency: null, time_zone: null });
  fields.set('time_zone', 'Asia/Kolkata');
  expect(merchantOf(fields).store.time_zone).toBe('Asia/Kolkata');
});

test('an account id is sent as it is typed, and only when it has changed', () => {
  expect(sent('9007199254740993', 1)).toContain('"flashy_account_id":9007199254740993,');
  expect(sent('0042', null)).toContain('"flashy_account_id":42,');
  expect(sent('', 1)).toContain('"flashy_account_id":null,');
  expect(sent('1', 1)).not.toContain('flashy_account_id');
  expect(sent('', null)).not.toContain('flashy_account_id');
});
