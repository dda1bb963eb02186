import { expect, test } from 'vitest';
import type { InfiniteData } from '@tanstack/react-query';
import type { Delivery } from '../api/deliveries';
import { isGap, isWithin, newcomers, withChanges, withNewcomers } from './log-merge';
import type { LogPage } from './log-query';

const delivery = (id: string, status: Delivery['status'] = 'pending') => ({ id, status }) as Delivery;
const log: InfiniteData<LogPage> = {
  pages: [
    { data: [delivery('d5'), delivery('d4')], next_cursor: 'x', query: {} },
    { data: [delivery('d3')], next_cursor: null, query: {} },
  ],
  pageParams: [],
};
const ids = (of: typeof log) => of.pages.map((page) => page.data.map(({ id }) => id).join());

test('a change goes into its row, on any page', () => {
  const next = withChanges(log, [delivery('d3', 'failed'), delivery('d9')]);
  expect(next.pages[1]!.data[0]!.status).toBe('failed');
  expect(ids(next)).toEqual(['d5,d4', 'd3']);
  expect(withChanges(log, [delivery('d3')])).toBe(log);
});

test('what is new stands where it belongs, and what is older than all that is read stays away', () => {
  const seen = [delivery('d6'), delivery('d4'), delivery('d7'), delivery('d31'), delivery('d1')];
  expect(newcomers(log, seen).map(({ id }) => id)).toEqual(['d7', 'd6', 'd31', 'd1']);
  expect(ids(withNewcomers(log, seen))).toEqual(['d7,d6,d5,d4', 'd31,d3,d1']);
  expect(withNewcomers(log, [delivery('d5')])).toBe(log);
  const more = { ...log, pages: [{ ...log.pages[0]!, next_cursor: 'y' }] };
  expect(ids(withNewcomers(more, seen))).toEqual(['d7,d6,d5,d4']);
});

test('an empty log takes what comes', () => {
  const empty: InfiniteData<LogPage> = { pages: [{ data: [], next_cursor: null, query: {} }], pageParams: [] };
  expect(ids(withNewcomers(empty, [delivery('d1'), delivery('d2')]))).toEqual(['d2,d1']);
});

test('what the stream does not sift is sifted here', () => {
  const one = { event_id: 'order-1', created_at: '2026-05-07T10:00:00.000Z' } as Delivery;
  expect(isWithin(one, {})).toBe(true);
  expect(isWithin(one, { event_id: 'order-1', from: one.created_at })).toBe(true);
  expect(isWithin(one, { event_id: 'order-2' })).toBe(false);
  expect(isWithin(one, { from: '2026-05-07T12:00:00.000Z' })).toBe(false);
  expect(isWithin(one, { to: one.created_at })).toBe(false);
});

test('what has another state by now is sifted here too', () => {
  const one = { status: 'failed', last_outcome: 'http_status', last_http_status: 503 } as Delivery;
  expect(isWithin(one, { status: ['failed', 'retrying'], outcome: ['http_status'], http_status: [500, 503] })).toBe(true);
  expect(isWithin(one, { status: ['succeeded'] })).toBe(false);
  expect(isWithin(one, { outcome: ['success'] })).toBe(false);
  expect(isWithin(one, { http_status: [500] })).toBe(false);
  expect(isWithin({ ...one, last_http_status: null }, { http_status: [503] })).toBe(false);
});

test('a full page of unknown rows may leave some out', () => {
  expect(isGap(log, [], [delivery('d8'), delivery('d7')], 2)).toBe(true);
  expect(isGap(log, [delivery('d7')], [delivery('d8'), delivery('d7')], 2)).toBe(false);
  expect(isGap(log, [], [delivery('d6'), delivery('d5')], 2)).toBe(false);
  expect(isGap(log, [], [delivery('d8'), delivery('d7')], 100)).toBe(false);
});
