import { expect, test } from 'vitest';
import { EventReader } from './sse';

test('events are read whatever pieces they come in', () => {
  const text = ': ping\n\nid: 1\nevent: delivery\ndata: {"a":\ndata: "ס: x"}\n\nid: 2\r\ndata:b\r\n\r\ndata: cut';
  const expected = [
    { id: '1', event: 'delivery', data: '{"a":\n"ס: x"}' },
    { id: '2', event: 'message', data: 'b' },
  ];
  expect(new EventReader().push(text)).toEqual(expected);
  for (const size of [1, 2, 3, 7]) {
    const reader = new EventReader();
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(pieces.flatMap((piece) => reader.push(piece))).toEqual(expected);
  }
});

test('an id stands until the next one, and a comment is nothing', () => {
  const reader = new EventReader();
  expect(reader.push('id: 7\ndata: a\n\n:\n\ndata: b\n\n').map(({ id }) => id)).toEqual(['7', '7']);
});
