import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';

/** The names of the first merchants, for pages across all of them. */
export function useMerchantNames(enabled: boolean): Map<string, string> {
  const merchants = useQuery({
    queryKey: ['merchant-names'],
    enabled,
    staleTime: 60_000,
    queryFn: () => data(api.GET('/v1/merchants', { params: { query: { limit: 250 } } })),
  });
  return new Map(merchants.data?.data.map(({ id, name }) => [id, name]));
}
