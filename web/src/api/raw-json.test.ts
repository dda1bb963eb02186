import { expect, test } from 'vitest';
import { isJsonObject, rawJson, toJson } from './raw-json';

test('a payload goes into a body as it is spelled', () => {
  const payload = '{ "id": 12345678901234567890, "total": 10.00, "rate": 1e2, "name": "\\u05d7" }';
  const body = { event_type: 'PRODUCT_VIEWED', payload: rawJson(`\n${payload}\n`), left_out: undefined };
  expect(toJson(body)).toBe(`{"event_type":"PRODUCT_VIEWED","payload":${payload}}`);
});

test('without one a body is what JSON.stringify makes of it', () => {
  const body = {
    text: 'a "b" \n ס',
    none: null,
    gone: undefined,
    list: [1, undefined, 'x', [], {}],
    at: new Date(0),
    'odd key"': { deep: true },
  };
  expect(toJson(body)).toBe(JSON.stringify(body));
});

test('what is no JSON is not taken', () => {
  expect(() => rawJson('{"a":}')).toThrow(SyntaxError);
  expect(isJsonObject('{"a": 1}')).toBe(true);
  expect(isJsonObject('[1]')).toBe(false);
  expect(isJsonObject('{')).toBe(false);
});
