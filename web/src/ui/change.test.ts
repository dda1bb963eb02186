import { expect, test } from 'vitest';
import { changes } from './change';

test('only what differs is told, by its path', () => {
  const before = { name: 'Old', store: { name: 'Shop', currency: 'USD' }, types: ['a'] };
  const after = { name: 'New', store: { name: 'Shop', currency: null }, types: ['a', 'b'] };
  expect(changes(before, after)).toEqual([
    { field: 'name', before: 'Old', after: 'New' },
    { field: 'store.currency', before: 'USD', after: null },
    { field: 'types', before: ['a'], after: ['a', 'b'] },
  ]);
});

test('what was made or taken away is told field by field', () => {
  expect(changes(null, { a: 1 })).toEqual([{ field: 'a', before: undefined, after: 1 }]);
  expect(changes({ a: { b: 1 } }, null)).toEqual([{ field: 'a.b', before: 1, after: undefined }]);
  expect(changes(null, null)).toEqual([]);
});
