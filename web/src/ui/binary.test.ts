import { expect, test } from 'vitest';
import { isBinary } from './binary';

test('an image is no text, a page is', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  expect(isBinary(new TextDecoder().decode(bytes))).toBe(true);
  expect(isBinary('<html>\n\t<body>שלום \u001b[2J</body></html>')).toBe(false);
  expect(isBinary('')).toBe(false);
});
