import { expect, test } from 'vitest';
import { indented, parseJson, spelled, tryParseJson } from './json';

test('a value keeps its spelling', () => {
  const text = '{"data": [{"id": 12345678901234567890, "total": 10.00, "t": 1e2, "name": "\\u05d7"}]}';
  expect(spelled(text, 'data', 0, 'id')).toBe('12345678901234567890');
  expect(spelled(text, 'data', 0, 'total')).toBe('10.00');
  expect(spelled(text, 'data', 0, 't')).toBe('1e2');
  expect(spelled(text, 'data', 0, 'name')).toBe('"\\u05d7"');
  expect(spelled(text, 'data', 1)).toBeUndefined();
  expect(spelled(text, 'nothing', 'there')).toBeUndefined();
});

test('keys are read without their escapes', () => {
  const node = parseJson('{"a\\"b":1,"":[],"a\\"b":{}}');
  expect(node.children.map(({ key, kind }) => [key, kind])).toEqual([
    ['a"b', 'number'],
    ['', 'array'],
    ['a"b', 'object'],
  ]);
});

test.each([
  '',
  ' ',
  '{',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  '01',
  '-',
  '1.',
  '.5',
  '+1',
  '"\t"',
  '"\\x"',
  'nul',
  'truefalse',
  '1 2',
  '[1}',
  "'a'",
  '"unended \\"',
])('%j is no JSON, as JSON.parse sees it', (text) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(tryParseJson(text)).toBeUndefined();
});

test.each(['null', ' [ ] ', '{}', '-0.0e+10', '[[],{"a":[true,false,null]}]', '"\\ud83d\\ude00"', '"\u2028"'])(
  '%j is JSON',
  (text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(parseJson(text).end).toBe(text.trimEnd().length);
  },
);

test('what is made to be deep or long exhausts nothing', () => {
  expect(tryParseJson('['.repeat(300_000))).toBeUndefined();
  expect(tryParseJson(`"${'a\\n'.repeat(200_000)}`)).toBeUndefined();
  const long = `[${'"x",'.repeat(100_000)}1]`;
  expect(parseJson(long).children).toHaveLength(100_001);
});

test('indenting changes nothing but the space between', () => {
  const text = '{"id":12345678901234567890,"a":[1.10,{}, [ ]],"b":{"c":"\\u05d7"}}';
  expect(indented(text)).toBe(
    '{\n  "id": 12345678901234567890,\n  "a": [\n    1.10,\n    {},\n    [ ]\n  ],\n  "b": {\n    "c": "\\u05d7"\n  }\n}',
  );
  expect(indented('no JSON')).toBe('no JSON');
});
