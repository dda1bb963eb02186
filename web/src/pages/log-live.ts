import { useDocumentVisibility } from '@mantine/hooks';
import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import {
  type Delivery,
  type DeliveryQuery,
  type Whose,
  followDeliveries,
  listDeliveries,
} from '../api/deliveries';
import type { LogFilter } from './log-filter';
import { isWithin, newcomers, withChanges, withNewcomers } from './log-merge';
import { type LogPage, logKey } from './log-query';

/** What is heard is drawn this often: a busy platform tells hundreds in a second. */
const DRAW = 300;
/** Rows that may wait to be shown; with more of them the log begins anew. */
const MOST = 1_000;
/** Rows that are looked at whenever the stream has begun: what changed before it did. */
const LOOK = 100;

type Log = InfiniteData<LogPage>;

export type Live = {
  /** How many rows wait to be shown. */
  count: number;
  /** More than can wait. */
  isMore: boolean;
  isLost: boolean;
  show: () => void;
};

/**
 * Keeps the log up to date. What changes goes into its row; what is new waits while somebody reads, so that no row
 * moves under their eyes, and comes in by itself while they watch the top.
 */
export function useLive(whose: Whose, filter: LogFilter, query: DeliveryQuery | undefined, on: boolean): Live {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<Delivery[]>([]);
  const [isLost, setIsLost] = useState(false);
  // Browsers open few connections to one server: a page that nobody sees holds none.
  const isSeen = useDocumentVisibility() !== 'hidden';
  const key = logKey(whose, filter);
  const asked = JSON.stringify([key, query]);

  useEffect(() => {
    if (!on || !isSeen || !query) return;
    const control = new AbortController();
    const take = (seen: Delivery[]) => {
      client.setQueryData<Log>(key, (log) => log && withChanges(log, seen));
      const within = seen.filter((delivery) => isWithin(delivery, query));
      setFresh((known) => {
        const log = client.getQueryData<Log>(key);
        return log ? newcomers(log, merged(known, within)) : known;
      });
    };
    const heard = inBatches(take, control.signal);
    followDeliveries(whose, query, {
      signal: control.signal,
      onDelivery: heard,
      onState: (isLive) => {
        setIsLost(!isLive);
        if (isLive) listDeliveries(whose, { ...query, limit: LOOK }).then(({ data }) => take(data), () => undefined);
      },
    }).catch(() => setIsLost(true));
    return () => control.abort();
    // The key and the query are made anew with every drawing; what they say is not.
  }, [asked, on, isSeen, client]);

  const isMore = fresh.length > MOST;
  useEffect(() => {
    if (fresh.length === 0 || isMore || !isWatching()) return;
    client.setQueryData<Log>(key, (log) => log && withNewcomers(log, fresh));
    setFresh([]);
  }, [fresh, isMore]);
  return {
    count: fresh.length,
    isMore,
    isLost,
    show: () => {
      if (isMore) client.resetQueries({ queryKey: key });
      else client.setQueryData<Log>(key, (log) => log && withNewcomers(log, fresh));
      setFresh([]);
      window.scrollTo({ top: 0 });
    },
  };
}

/** Both, each delivery once, as it was told last. */
function merged(known: Delivery[], seen: Delivery[]): Delivery[] {
  return [...new Map([...known, ...seen].map((delivery) => [delivery.id, delivery])).values()];
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
