// The log and its retries: a merchant's, or, where no merchant is named, those of all merchants.

import type { components, operations } from './__generated__/schema';
import { api, data } from './client';
import { follow, type Following } from './follow';

type Schemas = components['schemas'];
export type Delivery = Schemas['Delivery'];
export type DeliveryStatus = Schemas['DeliveryStatus'];
export type Attempt = Schemas['Attempt'];
export type RetryJob = Schemas['RetryJob'];
export type DeliveryQuery = NonNullable<operations['listDeliveries']['parameters']['query']>;

/** Whose deliveries: this merchant's, or everybody's. */
export type Whose = string | undefined;

export function listDeliveries(merchant_id: Whose, query: DeliveryQuery) {
  return data(
    merchant_id === undefined
      ? api.GET('/v1/deliveries', { params: { query } })
      : api.GET('/v1/merchants/{merchant_id}/deliveries', {
          params: { path: { merchant_id }, query },
        }),
  );
}

export function getDelivery(merchant_id: string, delivery_id: string) {
  return data(
    api.GET('/v1/merchants/{merchant_id}/deliveries/{delivery_id}', {
      params: { path: { merchant_id, delivery_id } },
    }),
  );
}

export function listAttempts(merchant_id: string, delivery_id: string) {
  return data(
    api.GET('/v1/merchants/{merchant_id}/deliveries/{delivery_id}/attempts', {
      params: { path: { merchant_id, delivery_id }, query: { limit: 250 } },
    }),
  );
}

export function retryDelivery({ merchant_id, id: delivery_id }: Delivery) {
  return data(
    api.POST('/v1/merchants/{merchant_id}/deliveries/{delivery_id}/retry', {
      params: { path: { merchant_id, delivery_id } },
    }),
  );
}

export function cancelDelivery({ merchant_id, id: delivery_id }: Delivery) {
  return data(
    api.POST('/v1/merchants/{merchant_id}/deliveries/{delivery_id}/cancel', {
      params: { path: { merchant_id, delivery_id } },
    }),
  );
}

export function listRetryJobs(merchant_id: Whose, cursor: string | undefined) {
  return data(
    merchant_id === undefined
      ? api.GET('/v1/retry-jobs', { params: { query: { cursor } } })
      : api.GET('/v1/merchants/{merchant_id}/retry-jobs', {
          params: { path: { merchant_id }, query: { cursor } },
        }),
  );
}

export function createRetryJob(merchant_id: Whose, body: Schemas['CreateRetryJob']) {
  return data(
    merchant_id === undefined
      ? api.POST('/v1/retry-jobs', { body })
      : api.POST('/v1/merchants/{merchant_id}/retry-jobs', {
          params: { path: { merchant_id } },
          body,
        }),
  );
}

export function getRetryJob(merchant_id: Whose, job_id: string) {
  return data(
    merchant_id === undefined
      ? api.GET('/v1/retry-jobs/{job_id}', { params: { path: { job_id } } })
      : api.GET('/v1/merchants/{merchant_id}/retry-jobs/{job_id}', {
          params: { path: { merchant_id, job_id } },
        }),
  );
}

export function cancelRetryJob(merchant_id: Whose, job_id: string) {
  return data(
    merchant_id === undefined
      ? api.POST('/v1/retry-jobs/{job_id}/cancel', { params: { path: { job_id } } })
      : api.POST('/v1/merchants/{merchant_id}/retry-jobs/{job_id}/cancel', {
          params: { path: { merchant_id, job_id } },
        }),
  );
}

/**
 * Tells of deliveries that are new or have changed, among the newest. It is asked by nothing that changes with attempts,
 * or it would not tell of what ceases to match; and it knows no single event and no stretch of time. What it tells may
 * lie outside of these.
 */
export function followDeliveries(
  merchant_id: Whose,
  { endpoint_id, event_type, is_test }: DeliveryQuery,
  by: Pick<Following, 'signal' | 'onState'> & { onDelivery: (delivery: Delivery) => void },
): Promise<void> {
  const query = { endpoint_id, event_type, is_test };
  return follow({
    ...by,
    onEvent: ({ event, data: text }) => {
      if (event === 'delivery') by.onDelivery(JSON.parse(text) as Delivery);
    },
    open: async (after) => {
      const more = {
        headers: after ? { 'last-event-id': after } : {},
        parseAs: 'stream' as const,
        signal: by.signal,
        cache: 'no-store' as const,
      };
      const stream = await data<ReadableStream<Uint8Array> | null>(
        merchant_id === undefined
          ? api.GET('/v1/delivery-stream', { params: { query }, ...more })
          : api.GET('/v1/merchants/{merchant_id}/delivery-stream', {
              params: { path: { merchant_id }, query },
              ...more,
            }),
      );
      return stream ?? new Blob().stream();
    },
  });
}
