import { useInfiniteQuery } from '@tanstack/react-query';
import { type Delivery, type DeliveryQuery, type Whose, listDeliveries } from '../api/deliveries';
import { type LogFilter, toQuery } from './log-filter';

const PAGE = 100;
/** What has been paged through is kept this long, so that the way back leads to the same place. */
const KEPT = 30 * 60_000;

type Place = { query: DeliveryQuery; cursor?: string };
export type LogPage = { data: Delivery[]; next_cursor: string | null; query: DeliveryQuery };

export const logKey = (merchantId: Whose, filter: LogFilter) => ['deliveries', merchantId ?? 'all', filter];

/**
 * The log, as far as it has been paged through. It is read once and then kept: what changes is put into it, and does
 * not push away what somebody reads. All pages ask for the same time, whenever they are asked for.
 */
export function useLog(merchantId: Whose, filter: LogFilter) {
  return useInfiniteQuery({
    queryKey: logKey(merchantId, filter),
    staleTime: Infinity,
    gcTime: KEPT,
    initialPageParam: undefined as Place | undefined,
    queryFn: async ({ pageParam }): Promise<LogPage> => {
      const { query, cursor } = pageParam ?? { query: toQuery(filter, Date.now()) };
      const page = await listDeliveries(merchantId, { ...query, cursor, limit: PAGE });
      return { ...page, query };
    },
    getNextPageParam: ({ query, next_cursor }) =>
      next_cursor === null ? undefined : { query, cursor: next_cursor },
  });
}
