import { expect, test } from 'vitest';
import { isFiltered, readFilter, searched, toQuery, withValues, withoutFilter } from './log-filter';

const NOW = Date.parse('2026-05-07T10:00:00Z');
const read = (address: string) => readFilter(new URLSearchParams(address));
const asked = (address: string) =>
  Object.fromEntries(Object.entries(toQuery(read(address), NOW)).filter(([, value]) => value !== undefined));

test('a filter goes from the address to the API', () => {
  expect(asked('')).toEqual({});
  expect(isFiltered(read(''))).toBe(false);
  expect(
    asked(
      'status=failed&status=retrying&event_type=A&outcome=timeout&is_test=false&event_id=order-1&min_attempts=3',
    ),
  ).toEqual({
    status: ['failed', 'retrying'],
    event_type: ['A'],
    outcome: ['timeout'],
    is_test: false,
    min_attempts: 3,
    event_id: 'order-1',
  });
});

test('a stretch of time ends now, a range where it says', () => {
  expect(asked('range=24h')).toEqual({ from: '2026-05-06T10:00:00.000Z' });
  expect(asked('from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00%2B02:00')).toEqual({
    from: '2026-05-01T00:00:00.000Z',
    to: '2026-05-01T22:00:00.000Z',
  });
});

test('a class stands for its statuses', () => {
  const { http_status: statuses } = asked('http_status=404&http_status=5xx') as { http_status: number[] };
  expect(statuses).toHaveLength(101);
  expect(statuses).toContain(404);
  expect(statuses).toContain(599);
  expect(statuses).not.toContain(600);
});

test('what the API would refuse is left out', () => {
  const wrong = 'status=nope&endpoint_id=x&http_status=9999&outcome=toString&is_test=x&min_attempts=-1&range=1y&from=x';
  expect(asked(wrong)).toEqual({});
  expect(isFiltered(read(wrong))).toBe(false);
});

test('one part of the address changes, the others stay', () => {
  const search = new URLSearchParams('status=failed&status=retrying&tab=x');
  expect(withValues(search, 'status', ['failed']).toString()).toBe('tab=x&status=failed');
  expect(withoutFilter(search).toString()).toBe('tab=x');
});

test('an id is told by its beginning', () => {
  expect(searched(' dlv_01h455vb4pex5vsknk084sn02q ')).toEqual({
    delivery: 'dlv_01h455vb4pex5vsknk084sn02q',
  });
  expect(searched('dlv_')).toEqual({ event: 'dlv_' });
  expect(searched('order-1001')).toEqual({ event: 'order-1001' });
  expect(searched('  ')).toBeUndefined();
});
