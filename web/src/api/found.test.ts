import { expect, test } from 'vitest';
import { Failure } from './errors';
import { isId, listOfOne, searchOf } from './found';

test('a search is never one that the API refuses', () => {
  expect(searchOf('  blue\tdoor\n')).toBe('blue door');
  expect(searchOf(' \u0000 ')).toBeUndefined();
  expect(searchOf('חנות <b>')).toBe('חנות <b>');
  // A letter of two units is not cut in half.
  expect([...(searchOf('😀'.repeat(101)) ?? '')]).toHaveLength(100);
});

test('a whole id is told from a text', () => {
  expect(isId('mer', 'mer_01h455vb4pex5vsknk084sn02q')).toBe(true);
  for (const text of ['mer_01h455', 'usr_01h455vb4pex5vsknk084sn02q', ''])
    expect(isId('mer', text)).toBe(false);
});

test('an id that nothing has finds nothing; any other fault is told', async () => {
  expect(await listOfOne(Promise.resolve(1))).toMatchObject({ data: [1] });
  expect(await listOfOne(Promise.reject(new Failure(404, 'none')))).toMatchObject({ data: [] });
  await expect(listOfOne(Promise.reject(new Failure(500, 'broken')))).rejects.toThrow();
});
