import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BODY_STATES, OUTCOMES, type Outcome, SKIPS, answer, todo } from './outcomes';

const { schemas } = JSON.parse(
  readFileSync(new URL('../../../openapi/hookyard.json', import.meta.url), 'utf8'),
).components;

test('every outcome of the API has words', () => {
  expect(Object.keys(OUTCOMES).toSorted()).toEqual(schemas.Outcome.enum.toSorted());
  for (const [outcome, words] of Object.entries(OUTCOMES)) {
    expect(words.meaning).toMatch(/\.$/);
    if (outcome !== 'success') expect(todo(outcome as Outcome, null)).toMatch(/\.$/);
  }
});

test('so has every reason to skip, and every state of a body', () => {
  expect(Object.keys(SKIPS).toSorted()).toEqual(schemas.SkipReason.enum.toSorted());
  expect(Object.keys(BODY_STATES).toSorted()).toEqual(schemas.BodyState.enum.toSorted());
});

test('what to do depends on the status', () => {
  expect(todo('http_status', 204)).toContain('exactly 200');
  expect(todo('http_status', 403)).toContain('secret');
  expect(todo('http_status', 418)).toBe(OUTCOMES.http_status.todo);
  expect(todo('timeout', null)).toBe(OUTCOMES.timeout.todo);
  expect(todo('success', 200)).toBeUndefined();
});

test('an answer is told by its status where it has one', () => {
  expect(answer('http_status', 503)).toBe('answered 503');
  expect(answer('success', 200)).toBe('answered 200');
  expect(answer('dns_error', null)).toBe('name not found');
  expect(answer(null, null)).toBe('not tried yet');
});
