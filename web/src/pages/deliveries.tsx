import { Anchor, Button, Group, Select, Stack, Table, TextInput, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { RetryMany } from '../forms/retry-many';
import { paths } from '../path-builder';
import { Empty, Failed, Loading } from '../ui/states';
import { StatusBadge } from '../ui/status';
import { Time } from '../ui/time';
import { useEndpoints } from './endpoints';

type Status = components['schemas']['DeliveryStatus'];
const STATUSES: Status[] = [
  'failed',
  'retrying',
  'pending',
  'delivering',
  'succeeded',
  'cancelled',
  'skipped',
];

export function Deliveries() {
  const { merchantId = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const endpoints = useEndpoints(merchantId);
  const [asking, { open, close }] = useDisclosure();
  const filter = {
    status: search.get('status') as Status | null,
    endpoint_id: search.get('endpoint_id'),
    event_id: search.get('event_id'),
  };
  const deliveries = useInfiniteQuery({
    queryKey: ['deliveries', merchantId, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET('/v1/merchants/{merchant_id}/deliveries', {
          params: {
            path: { merchant_id: merchantId },
            query: {
              status: filter.status ? [filter.status] : undefined,
              endpoint_id: filter.endpoint_id ? [filter.endpoint_id] : undefined,
              event_id: filter.event_id ?? undefined,
              cursor: pageParam,
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

  function choose(name: string, value: string | null) {
    setSearch(
      (known) => {
        if (value) known.set(name, value);
        else known.delete(name);
        return known;
      },
      { replace: true },
    );
  }

  const isFiltered = Object.values(filter).some(Boolean);
  const rows = deliveries.data?.pages.flatMap((page) => page.data) ?? [];
  const urls = new Map(endpoints.data?.data.map((endpoint) => [endpoint.id, endpoint.url]));
  return (
    <Stack>
      <Title order={1} size="h2">
        Deliveries
      </Title>
      <Group align="end">
        <Select
          label="Status"
          placeholder="any"
          data={STATUSES}
          value={filter.status}
          onChange={(value) => choose('status', value)}
          clearable
          w={150}
        />
        <Select
          label="Endpoint"
          placeholder="any"
          data={endpoints.data?.data.map(({ id, url }) => ({ value: id, label: url })) ?? []}
          value={filter.endpoint_id}
          onChange={(value) => choose('endpoint_id', value)}
          clearable
          searchable
          w={320}
        />
        <TextInput
          label="Event id"
          placeholder="evt_…"
          defaultValue={filter.event_id ?? ''}
          key={filter.event_id}
          onKeyDown={(event) => {
            if (event.key === 'Enter') choose('event_id', event.currentTarget.value.trim());
          }}
          onBlur={(event) => choose('event_id', event.currentTarget.value.trim())}
          w={280}
        />
        {isFiltered && (
          <Button variant="default" onClick={() => setSearch({}, { replace: true })}>
            Clear filters
          </Button>
        )}
      </Group>
      {isFiltered && rows.length > 0 && (
        <Group>
          <Button variant="default" onClick={open}>
            Retry what matches
          </Button>
        </Group>
      )}
      {asking && (
        <RetryMany
          merchantId={merchantId}
          selection={{
            filter: {
              status: filter.status ?? undefined,
              endpoint_id: filter.endpoint_id ?? undefined,
              event_id: filter.event_id ?? undefined,
            },
          }}
          onClose={close}
        />
      )}
      {deliveries.isPending && <Loading />}
      {deliveries.isError && <Failed error={deliveries.error} retry={() => deliveries.refetch()} />}
      {deliveries.isSuccess && rows.length === 0 && (
        <Empty title={isFiltered ? 'No delivery matches' : 'Nothing has been sent yet'} />
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={680}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Event</Table.Th>
                <Table.Th>Status</Table.Th>
                <Table.Th>Last answer</Table.Th>
                <Table.Th>Attempts</Table.Th>
                <Table.Th>Endpoint</Table.Th>
                <Table.Th>Created</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((delivery) => (
                <Table.Tr key={delivery.id}>
                  <Table.Td>
                    <Anchor component={Link} to={paths.delivery(merchantId, delivery.id)}>
                      {delivery.event_type}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <StatusBadge status={delivery.status} />
                  </Table.Td>
                  <Table.Td>{delivery.last_http_status ?? delivery.last_outcome ?? '–'}</Table.Td>
                  <Table.Td>{delivery.attempt_count}</Table.Td>
                  <Table.Td maw={280} style={{ overflowWrap: 'anywhere' }}>
                    <bdi>{urls.get(delivery.endpoint_id) ?? delivery.endpoint_id}</bdi>
                  </Table.Td>
                  <Table.Td>
                    <Time at={delivery.created_at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {deliveries.hasNextPage && (
        <Button
          variant="default"
          loading={deliveries.isFetchingNextPage}
          onClick={() => deliveries.fetchNextPage()}
        >
          Show older
        </Button>
      )}
    </Stack>
  );
}
