import { expect, test } from 'vitest';
import { deletedAt, keptUntil, keptWords } from './kept';

const DAY = 86_400;
const takenIn = Date.parse('2026-05-07T10:00:00.123Z');
const at = (text: string) => Date.parse(text);

test('what is taken in is kept for so long, to the millisecond', () => {
  expect(keptUntil(takenIn, 30 * DAY)).toBe(at('2026-06-06T10:00:00.123Z'));
});

test('it is deleted at the end of that, and not before', () => {
  expect(deletedAt(takenIn, DAY, at('2026-05-08T10:00:00.122Z'))).toBeUndefined();
  expect(deletedAt(takenIn, DAY, at('2026-05-08T10:00:00.123Z'))).toBe(at('2026-05-08T10:00:00.123Z'));
  expect(deletedAt(takenIn, DAY, at('2027-01-01T00:00:00Z'))).toBe(at('2026-05-08T10:00:00.123Z'));
});

test('how long that is is said exactly, in the largest unit that can', () => {
  expect(keptWords(30 * DAY)).toBe('30 days');
  expect(keptWords(DAY)).toBe('1 day');
  expect(keptWords(1.5 * DAY)).toBe('36 hours');
  expect(keptWords(90)).toBe('90 seconds');
});
