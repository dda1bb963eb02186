import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type Delivery, type DeliveryQuery, type Whose, listDeliveries } from '../api/deliveries';
import type { LogFilter } from './log-filter';
import { newcomers, withChanges, withNewcomers } from './log-merge';
import { type LogPage, logKey } from './log-query';

/** How often is looked for what is new, and at how many at once. */
const EVERY = 4_000;
const LOOK = 100;

export type Live = {
  /** How many rows wait to be shown. */
  count: number;
  /** More came than were looked at: the log begins anew. */
  isMore: boolean;
  show: () => void;
  isLost: boolean;
};

/**
 * Keeps the log up to date. What changes goes into its row; what is new waits while somebody reads, so that no row
 * moves under their eyes, and comes in by itself while they watch the top.
 */
export function useLive(whose: Whose, filter: LogFilter, query: DeliveryQuery | undefined, on: boolean): Live {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<Delivery[]>([]);
  const key = logKey(whose, filter);
  const head = useQuery({
    queryKey: ['deliveries-head', ...key],
    enabled: on && query !== undefined,
    refetchInterval: EVERY,
    gcTime: 0,
    staleTime: 0,
    queryFn: () => listDeliveries(whose, { ...query, limit: LOOK }),
  });
  const seen = head.data?.data;
  useEffect(() => {
    if (!seen) return;
    client.setQueryData<InfiniteData<LogPage>>(key, (log) => log && withChanges(log, seen));
    const log = client.getQueryData<InfiniteData<LogPage>>(key);
    const found = log ? newcomers(log, seen) : [];
    if (found.length < LOOK && isWatching()) {
      client.setQueryData<InfiniteData<LogPage>>(key, (known) => known && withNewcomers(known, found));
      setFresh([]);
    } else {
      setFresh(found);
    }
    // The key is made anew with every drawing; what was seen is not.
  }, [seen, client]);
  const isMore = fresh.length >= LOOK;
  return {
    count: fresh.length,
    isMore,
    isLost: head.isError,
    show: () => {
      if (isMore) client.resetQueries({ queryKey: key });
      else client.setQueryData<InfiniteData<LogPage>>(key, (log) => log && withNewcomers(log, fresh));
      setFresh([]);
      window.scrollTo({ top: 0 });
    },
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
