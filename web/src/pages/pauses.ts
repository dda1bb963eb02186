import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';

export type Pause = components['schemas']['Pause'];
const KEY = ['pauses'];
const REFRESH = 15_000;

/** What is paused now, for people of the platform. */
export function usePauses(enabled: boolean) {
  return useQuery({
    queryKey: KEY,
    enabled,
    queryFn: () => data(api.GET('/v1/pauses')),
    refetchInterval: REFRESH,
  });
}

export function usePause() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['CreatePause']) =>
      data(api.POST('/v1/pauses', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

export function useResume() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (pause_id: string) =>
      data(api.DELETE('/v1/pauses/{pause_id}', { params: { path: { pause_id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
