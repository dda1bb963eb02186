import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { searchOf } from '../api/found';
import { TYPING } from '../ui/search-box';

/** How many are offered at once. */
const OFFERED = 50;

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

/** Merchants to choose from: those with a text in their name, their store's name or its domains. */
export function useFoundMerchants(typed: string, enabled = true) {
  const wanted = searchOf(typed);
  const [search] = useDebouncedValue(wanted, TYPING);
  const found = useQuery({
    queryKey: ['merchant-names', search ?? ''],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: () => data(api.GET('/v1/merchants', { params: { query: { search, limit: OFFERED } } })),
  });
  return {
    ...found,
    merchants: found.data?.data ?? [],
    /** What is there is for what was typed before. */
    isBehind: search !== wanted || found.isPlaceholderData,
  };
}
