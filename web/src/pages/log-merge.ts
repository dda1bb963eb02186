// What is new in a log that somebody reads: changes go into their rows at once, new rows wait until they are wanted.

import type { InfiniteData } from '@tanstack/react-query';
import type { Delivery, DeliveryQuery } from '../api/deliveries';
import type { LogPage } from './log-query';

type Log = InfiniteData<LogPage>;

/** Newest first, as the API has it: ids begin with their time. */
const newestFirst = (one: Delivery, other: Delivery) => (one.id < other.id ? 1 : -1);

/** The log with what has changed in its rows; the same log when nothing has. */
export function withChanges(log: Log, seen: Delivery[]): Log {
  const fresh = new Map(seen.map((delivery) => [delivery.id, delivery]));
  let changed = false;
  const pages = log.pages.map((page) => ({
    ...page,
    data: page.data.map((known) => {
      const now = fresh.get(known.id);
      if (!now || same(known, now)) return known;
      changed = true;
      return now;
    }),
  }));
  return changed ? { ...log, pages } : log;
}

function same(one: Delivery, other: Delivery): boolean {
  return (
    one.status === other.status &&
    one.attempt_count === other.attempt_count &&
    one.next_attempt_at === other.next_attempt_at &&
    one.last_outcome === other.last_outcome
  );
}

/** Those of them that stand in no page, though they are not older than what has been read. */
export function newcomers(log: Log, seen: Delivery[]): Delivery[] {
  const known = new Set(log.pages.flatMap((page) => page.data.map(({ id }) => id)));
  const last = log.pages.at(-1);
  const oldest = last?.next_cursor ? (last.data.at(-1)?.id ?? '') : '';
  return seen.filter(({ id }) => !known.has(id) && id > oldest).toSorted(newestFirst);
}

/** The log with new rows where they belong: what has just begun to match need not be the newest. */
export function withNewcomers(log: Log, fresh: Delivery[]): Log {
  let left = newcomers(log, fresh);
  if (left.length === 0) return log;
  const pages = log.pages.map((page, place) => {
    const oldest = place === log.pages.length - 1 ? '' : (page.data.at(-1)?.id ?? '');
    const here = left.filter(({ id }) => id > oldest);
    left = left.filter(({ id }) => id <= oldest);
    return here.length === 0 ? page : { ...page, data: [...here, ...page.data].toSorted(newestFirst) };
  });
  return { ...log, pages };
}

/** Whether a delivery lies in what was asked for, as far as the stream is not: its state, event, attempts, time. */
export function isWithin(delivery: Delivery, query: DeliveryQuery): boolean {
  const at = Date.parse(delivery.created_at);
  return (
    isAmong(delivery.status, query.status) &&
    isAmong(delivery.last_outcome, query.outcome) &&
    isAmong(delivery.last_http_status, query.http_status) &&
    (!query.event_id || query.event_id === delivery.event_id) &&
    (!query.min_attempts || delivery.attempt_count >= query.min_attempts) &&
    (!query.from || at >= Date.parse(query.from)) &&
    (!query.to || at < Date.parse(query.to))
  );
}

function isAmong<T>(value: T | null, wanted: T[] | undefined): boolean {
  return !wanted?.length || (value !== null && wanted.includes(value));
}

/** Whether new rows may be missing between these, the newest ones, and what is known: all of a full page are unknown. */
export function isGap(log: Log, waiting: Delivery[], newest: Delivery[], limit: number): boolean {
  if (newest.length < limit) return false;
  const known = new Set([...log.pages.flatMap((page) => page.data), ...waiting].map(({ id }) => id));
  return !newest.some(({ id }) => known.has(id));
}
