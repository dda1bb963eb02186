import { expect, test } from 'vitest';
import { dueWords } from './due';
import { ms, span } from './span';

test('a due time is told, and marked when it has passed', () => {
  const now = Date.parse('2026-05-07T10:00:00Z');
  const due = (seconds: number) => dueWords(new Date(now + seconds * 1_000).toISOString(), now);
  expect(due(240)).toEqual({ words: 'in 4 minutes', late: false });
  expect(due(1)).toEqual({ words: 'in 1 second', late: false });
  expect(due(0)).toEqual({ words: 'now', late: false });
  expect(due(-14)).toEqual({ words: 'now', late: false });
  expect(due(-240)).toEqual({ words: 'overdue by 4 minutes', late: true });
});

test('a span is told by its largest unit', () => {
  expect(span(10)).toBe('1 second');
  expect(span(59_600)).toBe('1 minute');
  expect(span(240_800)).toBe('4 minutes');
  expect(span(5 * 3_600_000)).toBe('5 hours');
  expect(ms(0.42)).toBe('0.4 ms');
  expect(ms(57.6)).toBe('58 ms');
  expect(ms(1_250)).toBe('1.25 s');
});
