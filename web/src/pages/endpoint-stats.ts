import { useQuery } from '@tanstack/react-query';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { type Owner, endpointsOf } from '../api/endpoints';

type Schemas = components['schemas'];
export type Range = Extract<Schemas['StatsRange'], '24h' | '7d' | '30d'>;
export const RANGES: { value: Range; label: string }[] = [
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];
/** Counts are a few seconds behind anyway. */
const REFRESH = 10_000;

/** How an endpoint has done in a range of time. */
export function useEndpointStats(owner: Owner, endpointId: string, range: Range = '24h') {
  return useQuery({
    queryKey: ['endpoint-stats', endpointId, range],
    queryFn: () => endpointsOf(owner).stats(endpointId, range),
    refetchInterval: REFRESH,
    placeholderData: (known) => known,
  });
}

export type Summary = Schemas['EndpointSummary'];

/** The same in short for all endpoints of a merchant, by their ids; those of apps have none. */
export function useSummaries(owner: Owner) {
  const merchant_id = owner.merchantId ?? '';
  return useQuery({
    queryKey: ['endpoint-summaries', merchant_id],
    enabled: owner.merchantId !== undefined,
    refetchInterval: REFRESH,
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/endpoint-stats', {
          params: { path: { merchant_id }, query: { range: '24h' } },
        }),
      ),
    select: ({ data }) => new Map(data.map((summary) => [summary.endpoint_id, summary])),
  });
}

/** The share of attempts that failed, in percent; null without any. */
export function errorRate({ succeeded, failed }: { succeeded: number; failed: number }): number | null {
  const all = succeeded + failed;
  return all === 0 ? null : (failed / all) * 100;
}

/** A percentage as it is read: a failure in ten thousand is not none. */
export function percent(value: number): string {
  if (value > 0 && value < 0.1) return 'below 0.1 %';
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} %`;
}
