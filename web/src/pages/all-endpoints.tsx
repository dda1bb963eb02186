import {
  Anchor,
  Badge,
  Button,
  Group,
  SegmentedControl,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { Forbidden } from '../ui/forbidden';
import { SearchBox } from '../ui/search-box';
import { Empty, Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useFilter } from './filter';
import { useMe } from './me';

type Endpoint = components['schemas']['Endpoint'];
type State = 'failing' | 'disabled' | 'active';
const RANK: Record<State, number> = { failing: 0, disabled: 1, active: 2 };
const COLORS: Record<State, string> = { failing: 'orange', disabled: 'red', active: 'green' };
/** Pages of 250 that are read: more endpoints than this are not sorted, and it is said. */
const MOST_PAGES = 20;
/** Rows drawn at once. */
const SHOWN = 200;

function stateOf({ enabled, failing_since }: Endpoint): State {
  if (!enabled) return 'disabled';
  return failing_since ? 'failing' : 'active';
}

async function readAll(): Promise<{ rows: Endpoint[]; isAll: boolean }> {
  const rows: Endpoint[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await data(
      api.GET('/v1/endpoints', { params: { query: { cursor, limit: 250 } } }),
    );
    rows.push(...answer.data);
    if (!answer.next_cursor) return { rows, isAll: true };
    cursor = answer.next_cursor;
  }
  return { rows, isAll: false };
}

/** The names of merchants, as far as one page of them goes. */
function useNames() {
  const merchants = useQuery({
    queryKey: ['merchant-names'],
    queryFn: () => data(api.GET('/v1/merchants', { params: { query: { limit: 250 } } })),
  });
  return useMemo(
    () => new Map(merchants.data?.data.map(({ id, name }) => [id, name])),
    [merchants.data],
  );
}

/** The endpoints of all merchants: what fails comes first, the longest ago before all. */
export function AllEndpoints() {
  const me = useMe();
  const filter = useFilter('q', 'state');
  const names = useNames();
  const endpoints = useQuery({ queryKey: ['all-endpoints'], queryFn: readAll });
  if (me.data && me.data.platform_role === null)
    return <Forbidden title="Endpoints" whom="people of the platform" />;
  const { q, state } = filter.values;
  const wanted = q.toLowerCase();
  const name = (endpoint: Endpoint) => names.get(endpoint.merchant_id ?? '') ?? '';
  const rows = (endpoints.data?.rows ?? [])
    .filter((endpoint) => !state || stateOf(endpoint) === state)
    .filter((endpoint) =>
      [endpoint.id, endpoint.url, endpoint.description, endpoint.merchant_id, name(endpoint)]
        .join('\n')
        .toLowerCase()
        .includes(wanted),
    )
    .toSorted(
      (one, other) =>
        RANK[stateOf(one)] - RANK[stateOf(other)] ||
        (one.failing_since ?? one.disabled_at ?? '').localeCompare(
          other.failing_since ?? other.disabled_at ?? '',
        ) ||
        other.created_at.localeCompare(one.created_at),
    );
  return (
    <Stack>
      <Title order={1} size="h2">
        Endpoints
      </Title>
      <Group>
        <SearchBox
          label="Search endpoints"
          placeholder="URL, description, merchant or id"
          value={q}
          onSearch={(q) => filter.set({ q })}
        />
        <SegmentedControl
          aria-label="State"
          data={[{ value: '', label: 'all' }, 'failing', 'disabled', 'active']}
          value={state}
          onChange={(state) => filter.set({ state })}
        />
      </Group>
      {endpoints.isPending && <Loading />}
      {endpoints.isError && !endpoints.data && <Failed error={endpoints.error} retry={() => endpoints.refetch()} />}
      {endpoints.data && !endpoints.data.isAll && (
        <Text size="sm">
          Only the newest {endpoints.data.rows.length.toLocaleString()} are here.
        </Text>
      )}
      {endpoints.data && rows.length === 0 && (
        <Empty title={filter.isOn ? 'No endpoint matches' : 'There are no endpoints yet'}>
          {filter.isOn && (
            <Button variant="default" onClick={filter.clear}>
              Clear filters
            </Button>
          )}
        </Empty>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={760}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>URL</Table.Th>
                <Table.Th>Merchant</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th>Format</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.slice(0, SHOWN).map((endpoint) => (
                <Row key={endpoint.id} endpoint={endpoint} merchant={name(endpoint)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {rows.length > SHOWN && (
        <Text size="sm">
          {SHOWN} of {rows.length.toLocaleString()} are shown; search for the others.
        </Text>
      )}
    </Stack>
  );
}

function Row({ endpoint, merchant }: { endpoint: Endpoint; merchant: string }) {
  const state = stateOf(endpoint);
  const owner = endpoint.merchant_id;
  const since = endpoint.enabled ? endpoint.failing_since : endpoint.disabled_at;
  return (
    <Table.Tr>
      <Table.Td maw={420} style={{ overflowWrap: 'anywhere' }}>
        <Anchor
          component={Link}
          to={
            owner
              ? paths.endpoint(owner, endpoint.id)
              : paths.app(endpoint.app_id ?? '', 'endpoints')
          }
        >
          <bdi>{endpoint.url}</bdi>
        </Anchor>
        <Copy text={endpoint.url} what="URL" />
        {endpoint.description && (
          <Text size="xs" c="dimmed">
            <bdi>{endpoint.description}</bdi>
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {owner ? (
          <Anchor component={Link} to={paths.endpoints(owner)}>
            <bdi>{merchant || owner}</bdi>
          </Anchor>
        ) : (
          'an app'
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={COLORS[state]} autoContrast>
          {state === 'disabled' ? `disabled: ${endpoint.disabled_reason}` : state}
        </Badge>
      </Table.Td>
      <Table.Td>{since ? <Time at={since} /> : '–'}</Table.Td>
      <Table.Td>{endpoint.dialect}</Table.Td>
    </Table.Tr>
  );
}
