import { Badge, Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { StatusBadge } from '../ui/status';
import { Time } from '../ui/time';
import { AttemptView } from './attempt-view';

type Delivery = components['schemas']['Delivery'];
/** What has not ended is read again this often. */
const WATCH = 1_000;

export function DeliveryPage() {
  const { merchantId = '', deliveryId = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const path = { merchant_id: merchantId, delivery_id: deliveryId };
  const delivery = useQuery({
    queryKey: ['delivery', deliveryId],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/deliveries/{delivery_id}', { params: { path } }),
      ),
    refetchInterval: (query) => (query.state.data?.finished_at === null ? WATCH : false),
  });
  const attempts = useQuery({
    queryKey: ['attempts', deliveryId, delivery.data?.attempt_count, delivery.data?.status],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/deliveries/{delivery_id}/attempts', {
          params: { path, query: { limit: 250 } },
        }),
      ),
    placeholderData: (known) => known,
  });
  if (delivery.isPending) return <Loading />;
  if (delivery.isError) return <Failed error={delivery.error} retry={() => delivery.refetch()} />;
  const rows = attempts.data?.data ?? [];
  const chosen =
    rows.find((attempt) => String(attempt.number) === search.get('attempt')) ??
    rows.toSorted((one, other) => other.number - one.number)[0];
  return (
    <Stack>
      <Head delivery={delivery.data} merchantId={merchantId} />
      {attempts.isError && <Failed error={attempts.error} retry={() => attempts.refetch()} />}
      {rows.length === 0 && attempts.isSuccess && <Text>No attempt has been made yet.</Text>}
      <Group gap="xs" role="group" aria-label="Attempts">
        {rows
          .toSorted((one, other) => one.number - other.number)
          .map((attempt) => (
            <Button
              key={attempt.id}
              size="xs"
              variant={attempt === chosen ? 'filled' : 'default'}
              aria-pressed={attempt === chosen}
              onClick={() => setSearch({ attempt: String(attempt.number) }, { replace: true })}
            >
              {attempt.number}: {attempt.http_status ?? attempt.outcome}
            </Button>
          ))}
      </Group>
      {chosen && <AttemptView attempt={chosen} />}
    </Stack>
  );
}

function Head({ delivery, merchantId }: { delivery: Delivery; merchantId: string }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/deliveries/{delivery_id}/retry', {
          params: { path: { merchant_id: merchantId, delivery_id: delivery.id } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['delivery', delivery.id] }),
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
  });
  const waits = delivery.next_attempt_at;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Group>
          <Title order={1} size="h2">
            {delivery.event_type}
          </Title>
          <span role="status">
            <StatusBadge status={delivery.status} />
          </span>
          {delivery.is_test && <Badge color="gray">test</Badge>}
        </Group>
        <Button onClick={() => retry.mutate()} loading={retry.isPending}>
          Retry
        </Button>
      </Group>
      <Group gap="xs">
        <Text size="sm">
          Event <Code>{delivery.event_id}</Code>
        </Text>
        <Copy text={delivery.event_id} what="event id" />
        <Text size="sm">
          Delivery <Code>{delivery.id}</Code>
        </Text>
        <Copy text={delivery.id} what="delivery id" />
        <Text size="sm">
          created <Time at={delivery.created_at} />
        </Text>
        {waits && (
          <Text size="sm">
            next attempt <Time at={waits} />
          </Text>
        )}
      </Group>
    </Stack>
  );
}
