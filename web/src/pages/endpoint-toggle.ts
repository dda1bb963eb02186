import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Endpoint, type Owner, endpointKey, endpointsOf } from '../api/endpoints';

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
