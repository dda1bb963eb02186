import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';

/** Who is logged in. */
export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: () => data(api.GET('/v1/me')),
    staleTime: 60_000,
  });
}

/** A merchant that the page is about. */
export function useMerchant(merchantId: string | undefined) {
  return useQuery({
    queryKey: ['merchant', merchantId],
    enabled: merchantId !== undefined,
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}', {
          params: { path: { merchant_id: merchantId ?? '' } },
        }),
      ),
    staleTime: 60_000,
  });
}
