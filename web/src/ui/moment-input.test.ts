import { expect, test } from 'vitest';
import { fromField, toField } from './moment-input';

test('a moment survives its field, in any zone', () => {
  const at = '2026-05-07T10:05:00.000Z';
  expect(toField(at, 'UTC')).toBe('2026-05-07T10:05');
  expect(toField(at, 'Asia/Kolkata')).toBe('2026-05-07T15:35');
  for (const zone of ['UTC', 'local', 'Asia/Kolkata', 'America/New_York'])
    expect(fromField(toField(at, zone), zone)).toBe(at);
});

test('a moment near a change of clocks is the one that the clocks showed', () => {
  // New York goes from 2 to 3 in the night of 8 March 2026, and from 2 back to 1 on 1 November.
  expect(fromField('2026-03-08T01:59', 'America/New_York')).toBe('2026-03-08T06:59:00.000Z');
  expect(fromField('2026-03-08T03:00', 'America/New_York')).toBe('2026-03-08T07:00:00.000Z');
  expect(fromField('2026-11-01T00:30', 'America/New_York')).toBe('2026-11-01T04:30:00.000Z');
  expect(fromField('2026-11-01T02:30', 'America/New_York')).toBe('2026-11-01T07:30:00.000Z');
});

test('what is no time is nothing', () => {
  expect(fromField('', 'local')).toBe('');
  expect(toField('yesterday', 'UTC')).toBe('');
});
