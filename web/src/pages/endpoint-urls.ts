import { useQuery } from '@tanstack/react-query';
import type { Whose } from '../api/deliveries';
import { api, data } from '../api/client';
import { type Endpoint, endpointKey, endpointsOf } from '../api/endpoints';

/** The endpoints by their id, for what names one: a merchant's, or the first ones of all merchants. */
export function useEndpointsById(merchantId: Whose): Map<string, Endpoint> {
  const endpoints = useQuery({
    queryKey: merchantId === undefined ? ['first-endpoints'] : endpointKey({ merchantId }),
    staleTime: 60_000,
    queryFn: () =>
      merchantId === undefined
        ? data(api.GET('/v1/endpoints', { params: { query: { limit: 250 } } }))
        : endpointsOf({ merchantId }).list(),
  });
  return new Map(endpoints.data?.data.map((endpoint) => [endpoint.id, endpoint]));
}
