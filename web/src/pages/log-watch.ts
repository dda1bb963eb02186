import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Delivery, getDelivery } from '../api/deliveries';
import { keepDelivery, pace } from './delivery-cache';

/**
 * Follows single rows until they have ended: what has been retried may no longer match the filter, and the stream does
 * not tell of it then.
 */
export function useWatch(): (delivery: Delivery) => void {
  const client = useQueryClient();
  const [watched, setWatched] = useState<Delivery[]>([]);
  useQueries({
    queries: watched.map((delivery) => ({
      queryKey: ['delivery', delivery.id],
      queryFn: async () => {
        const fresh = await getDelivery(delivery.merchant_id, delivery.id);
        keepDelivery(client, fresh);
        return fresh;
      },
      refetchInterval: (query: { state: { data?: Delivery } }) => pace(query.state.data),
    })),
  });
  return (delivery) =>
    setWatched((known) => [...known.filter(({ id }) => id !== delivery.id), delivery]);
}
