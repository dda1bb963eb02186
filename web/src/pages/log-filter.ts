// The filter of the log, as it stands in the address, and what the API is asked for it.

import type { DeliveryQuery, DeliveryStatus } from '../api/deliveries';
import type { components } from '../api/__generated__/schema';
import { OUTCOMES, type Outcome } from '../ui/outcomes';

type RetryFilter = components['schemas']['RetryFilter'];

/** Names of the address that may stand there several times: any of their values will do. */
export const MANY = ['status', 'event_type', 'endpoint_id', 'http_status', 'outcome'] as const;
const ONE = ['event_id', 'is_test', 'min_attempts', 'range', 'from', 'to'] as const;
export type Many = (typeof MANY)[number];

export type LogFilter = Record<Many, string[]> & Partial<Record<(typeof ONE)[number], string>>;

export const STATUSES: DeliveryStatus[] = [
  'failed',
  'retrying',
  'pending',
  'delivering',
  'succeeded',
  'cancelled',
  'skipped',
];

/** Stretches of time that end now, in milliseconds. */
const HOUR = 3_600_000;
export const RANGES: Record<string, { label: string; ms: number }> = {
  '1h': { label: 'last hour', ms: HOUR },
  '24h': { label: 'last 24 hours', ms: 24 * HOUR },
  '7d': { label: 'last 7 days', ms: 7 * 24 * HOUR },
  '30d': { label: 'last 30 days', ms: 30 * 24 * HOUR },
};

export const CLASSES = ['2xx', '3xx', '4xx', '5xx'];

/** What the address says. What the API would refuse is left out: a link may be old, or typed. */
export function readFilter(search: URLSearchParams): LogFilter {
  const many = (name: Many) => [...new Set(search.getAll(name))].filter((value) => ALLOWS[name](value));
  const one = (name: string) => search.get(name) || undefined;
  const instant = (name: string) => {
    const at = one(name);
    return at && !Number.isNaN(Date.parse(at)) ? at : undefined;
  };
  const range = one('range');
  const isTest = one('is_test');
  return {
    status: many('status'),
    event_type: many('event_type'),
    endpoint_id: many('endpoint_id'),
    http_status: many('http_status'),
    outcome: many('outcome'),
    event_id: one('event_id'),
    is_test: isTest === 'true' || isTest === 'false' ? isTest : undefined,
    min_attempts: /^[1-9]\d{0,3}$/.test(one('min_attempts') ?? '') ? one('min_attempts') : undefined,
    range: range && Object.hasOwn(RANGES, range) ? range : undefined,
    from: instant('from'),
    to: instant('to'),
  };
}

const ALLOWS: Record<Many, (value: string) => boolean> = {
  status: (value) => (STATUSES as string[]).includes(value),
  event_type: Boolean,
  endpoint_id: (value) => /^ep_[0-9a-z]{26}$/.test(value),
  http_status: (value) => CLASSES.includes(value) || /^[1-9]\d{2}$/.test(value),
  outcome: (value) => Object.hasOwn(OUTCOMES, value),
};

/** Whether anything is left out of the log. */
export function isFiltered(filter: LogFilter): boolean {
  return MANY.some((name) => filter[name].length > 0) || ONE.some((name) => filter[name] !== undefined);
}

/** What a list is asked for; a stretch of time ends at `now`. */
export function toQuery(filter: LogFilter, now: number): DeliveryQuery {
  const { range, event_id, is_test, min_attempts } = filter;
  const some = <T>(values: string[]) => (values.length > 0 ? (values as T[]) : undefined);
  const statuses = filter.http_status.flatMap(statusesOf);
  return {
    status: some<DeliveryStatus>(filter.status),
    event_type: some<string>(filter.event_type),
    endpoint_id: some<string>(filter.endpoint_id),
    outcome: some<Outcome>(filter.outcome),
    http_status: statuses.length > 0 ? statuses : undefined,
    event_id,
    is_test: is_test === undefined ? undefined : is_test === 'true',
    min_attempts: min_attempts === undefined ? undefined : Number(min_attempts),
    from: range ? new Date(now - RANGES[range]!.ms).toISOString() : utc(filter.from),
    to: range ? undefined : utc(filter.to),
  };
}

/** The same for a bulk retry, which takes the log's own filter. */
export function toRetryFilter(filter: LogFilter, now: number): RetryFilter {
  return toQuery(filter, now);
}

function utc(at: string | undefined): string | undefined {
  return at && new Date(at).toISOString();
}

/** A class is all its statuses: the API knows single ones only. */
function statusesOf(value: string): number[] {
  if (!value.endsWith('xx')) return [Number(value)];
  const first = Number(value[0]) * 100;
  return Array.from({ length: 100 }, (_, at) => first + at);
}

/** The address with another filter; what else stands in it stays. */
export function withValues(search: URLSearchParams, name: string, values: string[]): URLSearchParams {
  const next = new URLSearchParams(search);
  next.delete(name);
  for (const value of values) next.append(name, value);
  return next;
}

/** The address without any filter. */
export function withoutFilter(search: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const name of [...MANY, ...ONE]) next.delete(name);
  return next;
}

/** What a text typed into the search box is: a delivery to open, or an event to look for. */
export function searched(text: string): { delivery: string } | { event: string } | undefined {
  const id = text.trim();
  if (/^dlv_[0-9a-z]{26}$/.test(id)) return { delivery: id };
  return id ? { event: id } : undefined;
}
