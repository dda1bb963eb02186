import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';

/** The catalogue. */
export function useEventTypes() {
  return useQuery({
    queryKey: ['event-types'],
    queryFn: () => data(api.GET('/v1/event-types')),
    staleTime: 300_000,
  });
}
