import { expect, test } from 'vitest';
import { Presses, type Shortcut } from './keys';

const run = () => {};
const list: Shortcut[] = [
  { keys: 'r', does: 'Retry', run },
  { keys: 'g d', does: 'Deliveries', run },
  { keys: '?', does: 'Help', run },
];
const press = (key: string, timeStamp = 0, code = '') => ({ key, code, timeStamp });

test('one key, or two in time', () => {
  const presses = new Presses();
  expect(presses.meaning(press('r'), list)?.does).toBe('Retry');
  expect(presses.meaning(press('g', 0), list)).toBeUndefined();
  expect(presses.meaning(press('d', 900), list)?.does).toBe('Deliveries');
  expect(presses.meaning(press('d', 950), list)).toBeUndefined();
  presses.meaning(press('g', 1_000), list);
  expect(presses.meaning(press('d', 3_000), list)).toBeUndefined();
});

test('a key that ends nothing is heard by itself', () => {
  const presses = new Presses();
  presses.meaning(press('g'), list);
  expect(presses.meaning(press('r'), list)?.does).toBe('Retry');
});

test('another script does not matter', () => {
  const presses = new Presses();
  expect(presses.meaning(press('ר', 0, 'KeyR'), list)?.does).toBe('Retry');
  expect(presses.meaning(press('?', 0, 'Slash'), list)?.does).toBe('Help');
});
