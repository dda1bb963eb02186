import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';

export type PlatformStats = components['schemas']['PlatformStats'];
export type PlatformRange = components['schemas']['StatsRange'];
export const PLATFORM_RANGES: { value: PlatformRange; label: string }[] = [
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];
const REFRESH = 5_000;

/** How the platform does: what waits now, and what a range of time brought. */
export function usePlatformStats(range: PlatformRange, enabled = true) {
  return useQuery({
    queryKey: ['platform-stats', range],
    enabled,
    queryFn: () => data(api.GET('/v1/stats', { params: { query: { range } } })),
    refetchInterval: REFRESH,
    placeholderData: (known) => known,
  });
}
