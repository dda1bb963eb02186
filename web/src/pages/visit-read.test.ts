import { expect, test } from 'vitest';
import { readVisit } from './visit-read';

test('what an activity says keeps every digit', () => {
  const text = `{"id":"ses_1","timeline":[{"kind":"state","at":"x","text":"t","activity":null,"event":null},
    {"kind":"activity","activity":{"type":"order_completed","data":
      {"order_id": 12345678901234567890, "total": 10.00, "name": "a \\"b\\"", "none": null, "items": [{"price": 1.50}]}}}]}`;
  const { id, timeline } = readVisit<{ id: string; timeline: never[] }>(text);
  expect(id).toBe('ses_1');
  expect(timeline[0]!.details).toEqual([]);
  expect(timeline[1]!.details).toEqual([
    ['order_id', '12345678901234567890'],
    ['total', '10.00'],
    ['name', 'a "b"'],
    ['items', '[{"price": 1.50}]'],
  ]);
});
