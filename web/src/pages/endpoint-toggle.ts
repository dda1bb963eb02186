import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Endpoint, type Owner, endpointKey, endpointsOf } from '../api/endpoints';

/** What comes of it, before or after. */
export const EFFECT = {
  disable: 'New events are logged as skipped. What waits is kept for up to 72 hours.',
  enable: 'What waits is sent now, the oldest first. What was skipped can be retried.',
};

/** Disables an endpoint, or enables it again. */
export function useToggle(owner: Owner, endpoint: Endpoint) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      endpoint.enabled
        ? endpointsOf(owner).disable(endpoint.id)
        : endpointsOf(owner).enable(endpoint.id),
    onSuccess: (fresh) => {
      client.setQueryData(endpointKey(owner, endpoint.id), fresh);
      return client.invalidateQueries({ queryKey: endpointKey(owner) });
    },
  });
}
