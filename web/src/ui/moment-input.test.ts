import { expect, test } from 'vitest';
import { fromField, toField } from './moment-input';

test('a moment survives its field, in either zone', () => {
  const at = '2026-05-07T10:05:00.000Z';
  expect(toField(at, 'UTC')).toBe('2026-05-07T10:05');
  for (const zone of ['UTC', 'local'] as const) expect(fromField(toField(at, zone), zone)).toBe(at);
});

test('half a moment is none', () => {
  expect(fromField('', 'local')).toBe('');
  expect(toField('yesterday', 'UTC')).toBe('');
});
