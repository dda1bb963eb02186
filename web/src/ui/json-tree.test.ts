import { expect, test } from 'vitest';
import { parseJson } from '../json';
import { matches, pathOf, rowsOf, shownRows } from './json-tree';

const text = '{"id":9945414435106,"cart":{"items":[{"price":10.00,"odd key":"\\u05d7 Tea"}],"none":[]}}';
const rows = rowsOf(parseJson(text));
const paths = (of: typeof rows) => of.map(pathOf);

test('every value has a row and a path', () => {
  expect(paths(rows)).toEqual([
    '$',
    '$.id',
    '$.cart',
    '$.cart.items',
    '$.cart.items[0]',
    '$.cart.items[0].price',
    '$.cart.items[0]["odd key"]',
    '$.cart.none',
  ]);
});

test('what is folded hides all below it, and no more', () => {
  const items = rows.find((row) => row.node.key === 'items')!;
  expect(paths(shownRows(rows, new Set([items.node])))).toEqual([
    '$',
    '$.id',
    '$.cart',
    '$.cart.items',
    '$.cart.none',
  ]);
  expect(paths(shownRows(rows, new Set([rows[0]!.node, items.node])))).toEqual(['$']);
});

test('keys and values are found, numbers as they are spelled', () => {
  expect(paths(matches(rows, text, '10.00'))).toEqual(['$.cart.items[0].price']);
  expect(paths(matches(rows, text, 'ח tea'))).toEqual(['$.cart.items[0]["odd key"]']);
  expect(paths(matches(rows, text, 'ITEM'))).toEqual(['$.cart.items']);
  expect(matches(rows, text, '')).toEqual([]);
});

test('a large tree takes no time', () => {
  const large = `[${Array.from({ length: 20_000 }, (_, at) => `{"id":${at}}`).join()}]`;
  const many = rowsOf(parseJson(large));
  expect(many).toHaveLength(40_001);
  expect(shownRows(many, new Set(many[0]!.node.children))).toHaveLength(20_001);
});
