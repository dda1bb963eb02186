import { useDocumentVisibility } from '@mantine/hooks';
import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import {
  type Delivery,
  type DeliveryQuery,
  type Whose,
  followDeliveries,
  listDeliveries,
} from '../api/deliveries';
import type { LogFilter } from './log-filter';
import { isGap, isWithin, newcomers, withChanges, withNewcomers } from './log-merge';
import { type LogPage, logKey } from './log-query';

/** What is heard is drawn this often: a busy platform tells hundreds in a second. */
const DRAW = 300;
/** Rows that may wait to be shown; with more of them the log begins anew. */
const MOST = 1_000;
/** Rows that are looked at whenever the stream has begun: what changed before it did. */
const LOOK = 100;
/** And this often, in milliseconds, where the filter is about states. */
const AGAIN = 30_000;

type Log = InfiniteData<LogPage>;

export type Live = {
  /** How many rows wait to be shown. */
  count: number;
  /** More than can wait. */
  isMore: boolean;
  /** Whether the log is up to date; `refused` is for good. */
  state: 'live' | 'lost' | 'refused';
  show: () => void;
};

/**
 * Keeps the log up to date. What changes goes into its row; what is new waits while somebody reads, so that no row
 * moves under their eyes, and comes in by itself while they watch the top.
 */
export function useLive(whose: Whose, filter: LogFilter, query: DeliveryQuery | undefined, on: boolean): Live {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<Delivery[]>([]);
  const waiting = useRef(fresh);
  waiting.current = fresh;
  const [state, setState] = useState<Live['state']>('live');
  const [hasGap, setHasGap] = useState(false);
  // Browsers open few connections to one server: a page that nobody sees holds none.
  const isSeen = useDocumentVisibility() !== 'hidden';
  const key = logKey(whose, filter);
  const asked = JSON.stringify([key, query]);

  useEffect(() => {
    if (!on || !isSeen || !query) return;
    const control = new AbortController();
    setState('live');
    const take = (seen: Delivery[]) => {
      client.setQueryData<Log>(key, (log) => log && withChanges(log, seen));
      setFresh((known) => {
        const log = client.getQueryData<Log>(key);
        const within = merged(known, seen).filter((delivery) => isWithin(delivery, query));
        return log ? newcomers(log, within) : known;
      });
    };
    const heard = inBatches(take, control.signal);
    // Told by the stream since the newest ones were last asked for: the answer may be older.
    let told = new Set<string>();
    const look = async () => {
      const since = (told = new Set());
      const newest = await listDeliveries(whose, { ...query, limit: LOOK }).catch(() => undefined);
      if (!newest || control.signal.aborted || since !== told) return;
      const log = client.getQueryData<Log>(key);
      if (log && isGap(log, waiting.current, newest.data, LOOK)) setHasGap(true);
      take(newest.data.filter(({ id }) => !since.has(id)));
    };
    // The stream tells of the newest deliveries. What has only now come into a state may be much older.
    const again = isByState(query) ? setInterval(look, AGAIN) : undefined;
    followDeliveries(whose, query, {
      signal: control.signal,
      onDelivery: (delivery) => {
        told.add(delivery.id);
        heard(delivery);
      },
      onState: (isLive) => {
        setState(isLive ? 'live' : 'lost');
        if (isLive) look();
      },
    }).catch(() => {
      clearInterval(again);
      if (!control.signal.aborted) setState('refused');
    });
    return () => {
      clearInterval(again);
      control.abort();
    };
    // The key and the query are made anew with every drawing; what they say is not.
  }, [asked, on, isSeen, client]);

  const isMore = hasGap || fresh.length > MOST;
  useEffect(() => {
    if (fresh.length === 0 || isMore || !isWatching()) return;
    client.setQueryData<Log>(key, (log) => log && withNewcomers(log, fresh));
    setFresh([]);
  }, [fresh, isMore]);
  return {
    count: fresh.length,
    isMore,
    state,
    show: () => {
      if (isMore) client.resetQueries({ queryKey: key });
      else client.setQueryData<Log>(key, (log) => log && withNewcomers(log, fresh));
      setFresh([]);
      setHasGap(false);
      window.scrollTo({ top: 0 });
    },
  };
}

/** Both, each delivery once, as it was told last. */
function merged(known: Delivery[], seen: Delivery[]): Delivery[] {
  return [...new Map([...known, ...seen].map((delivery) => [delivery.id, delivery])).values()];
}

function isByState({ status, outcome, http_status }: DeliveryQuery): boolean {
  return status !== undefined || outcome !== undefined || http_status !== undefined;
}

function inBatches(take: (seen: Delivery[]) => void, signal: AbortSignal): (delivery: Delivery) => void {
  let waiting: Delivery[] = [];
  return (delivery) => {
    waiting.push(delivery);
    if (waiting.length > 1) return;
    setTimeout(() => {
      const seen = waiting;
      waiting = [];
      if (!signal.aborted) take(seen);
    }, DRAW);
  };
}

/** Whether somebody only watches: they are at the top, and neither in a row nor in a dialog. */
function isWatching(): boolean {
  return (
    window.scrollY < 40 &&
    document.activeElement?.closest('tr[data-row]') == null &&
    document.querySelector('[role="dialog"], tr[data-chosen]') === null
  );
}
