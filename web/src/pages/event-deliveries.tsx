import { Anchor, Group, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { Delivery } from '../api/deliveries';
import type { Endpoint } from '../api/endpoints';
import { paths } from '../path-builder';
import { StatusBadge } from '../ui/status';

/** Where else the event went. */
export function EventDeliveries({
  delivery,
  endpoints,
}: {
  delivery: Delivery;
  endpoints: Map<string, Endpoint>;
}) {
  const { merchant_id, event_id } = delivery;
  const event = useQuery({
    queryKey: ['event', merchant_id, event_id],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/events/{event_id}', {
          params: { path: { merchant_id, event_id } },
        }),
      ),
  });
  const others = event.data?.deliveries.filter(({ id }) => id !== delivery.id) ?? [];
  if (others.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Other deliveries of this event">
      <Title order={2} size="h4">
        This event also went to
      </Title>
      {others.map((other) => (
        <Group key={other.id} gap="xs" wrap="nowrap" align="flex-start">
          <StatusBadge status={other.status} />
          <Anchor component={Link} size="sm" to={paths.delivery(merchant_id, other.id)} style={{ overflowWrap: 'anywhere' }}>
            <bdi>{endpoints.get(other.endpoint_id)?.url ?? other.endpoint_id}</bdi>
          </Anchor>
        </Group>
      ))}
      <Anchor component={Link} size="sm" to={paths.deliveries(merchant_id, { event_id })}>
        All deliveries of this event in the log
      </Anchor>
    </Stack>
  );
}
