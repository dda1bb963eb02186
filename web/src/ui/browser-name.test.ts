import { expect, test } from 'vitest';
import { browserName } from './browser-name';

test('a browser is told by its name, a program by its own words', () => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';
  expect(browserName(chrome)).toBe('Chrome on Windows');
  expect(browserName(`${chrome} Edg/148.0.0.0`)).toBe('Edge on Windows');
  expect(browserName('curl/8.1')).toBe('curl/8.1');
  expect(browserName(null)).toBe('not known');
});
