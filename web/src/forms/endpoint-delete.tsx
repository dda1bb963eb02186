import { Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { type Endpoint, type Owner, endpointKey, endpointsOf } from '../api/endpoints';
import { useEndpointStats } from '../pages/endpoint-stats';
import { paths } from '../path-builder';
import { Confirm } from '../ui/confirm';

/** Asks for the host's name, says what is lost, and deletes. */
export function EndpointDelete({
  owner,
  endpoint,
  onClose,
}: {
  owner: Owner;
  endpoint: Endpoint;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const waiting = useEndpointStats(owner, endpoint.id).data?.waiting.count;
  const remove = useMutation({
    mutationFn: () => endpointsOf(owner).remove(endpoint.id),
    onSuccess: () => {
      onClose();
      client.invalidateQueries({ queryKey: endpointKey(owner) });
      navigate(paths.endpointsOf(owner));
    },
  });
  return (
    <Confirm
      title="Delete this endpoint?"
      action="Delete"
      typed={URL.parse(endpoint.url)?.host ?? endpoint.url}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm" role="status">
        {waiting === undefined && 'What waits for it is cancelled.'}
        {waiting === 0 && 'Nothing waits for it.'}
        {!!waiting && (
          <b>
            {waiting === 1 ? '1 delivery that waits' : `${waiting.toLocaleString()} deliveries that wait`} for
            it {waiting === 1 ? 'is' : 'are'} cancelled.
          </b>
        )}{' '}
        It takes {endpoint.event_types.length === 1 ? '1 event type' : `${endpoint.event_types.length} event types`}
        ; those events go to it no more. Its log stays until it ages out. This cannot be undone.
      </Text>
    </Confirm>
  );
}
