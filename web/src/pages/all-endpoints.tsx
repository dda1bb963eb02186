import { Anchor, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { type Endpoint, ownerOf } from '../api/endpoints';
import { LONGEST, searchOf } from '../api/found';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { SearchBox, TYPING } from '../ui/search-box';
import { Empty, NoMatch } from '../ui/states';
import { dialectInfo } from './dialects';
import { EndpointState } from './endpoint-state';
import { useFilter } from './filter';
import { useMe } from './me';
import { useMerchantNames } from './merchant-names';
import { MerchantPick } from './merchant-pick';

type State = components['schemas']['EndpointState'];
const STATES: State[] = ['working', 'failing', 'disabled'];
type Wanted = Record<'q' | 'state' | 'merchant', string>;

/** A page of the endpoints that match: of one merchant, or of all owners. */
function read({ q, state, merchant }: Wanted, cursor: string | undefined) {
  const query = { search: searchOf(q), state: STATES.find((one) => one === state), cursor };
  if (!merchant) return data(api.GET('/v1/endpoints', { params: { query } }));
  const path = { merchant_id: merchant };
  return data(api.GET('/v1/merchants/{merchant_id}/endpoints', { params: { path, query } }));
}

/** The endpoints of all merchants and apps, the newest first. */
export function AllEndpoints() {
  const me = useMe();
  const filter = useFilter('q', 'state', 'merchant');
  const names = useMerchantNames(true);
  const endpoints = usePages<Endpoint>(
    ['all-endpoints', filter.values],
    (cursor) => read(filter.values, cursor),
    { isSearched: true },
  );
  if (me.data && me.data.platform_role === null)
    return <Forbidden title="Endpoints" whom="people of the platform" />;
  const { q, state, merchant } = filter.values;
  return (
    <Stack>
      <Title order={1} size="h2">
        Endpoints
      </Title>
      <Group align="end">
        <SearchBox
          label="Search endpoints"
          placeholder="URL or description"
          value={q}
          wait={TYPING}
          maxLength={LONGEST}
          onSearch={(q) => filter.set({ q })}
        />
        <MerchantPick
          label="Merchant"
          placeholder="any"
          value={merchant || null}
          onChange={(merchant) => filter.set({ merchant })}
          clearable
          w={{ base: '100%', xs: 240 }}
        />
        <SegmentedControl
          aria-label="State"
          data={[{ value: '', label: 'all' }, ...STATES]}
          value={state}
          onChange={(state) => filter.set({ state })}
        />
      </Group>
      <PagedTable
        pages={endpoints}
        rowKey={(endpoint) => endpoint.id}
        empty={
          filter.isOn ? (
            <NoMatch title="No endpoint matches" onClear={filter.clear} />
          ) : (
            <Empty title="There are no endpoints yet" />
          )
        }
        minWidth={760}
        columns={[
          { title: 'Endpoint', cell: (endpoint) => <Place endpoint={endpoint} /> },
          { title: 'Merchant', cell: (endpoint) => <Whose endpoint={endpoint} names={names} /> },
          { title: 'State', cell: (endpoint) => <EndpointState endpoint={endpoint} since /> },
          { title: 'Format', cell: (endpoint) => dialectInfo(endpoint.dialect).label },
        ]}
      />
    </Stack>
  );
}

function Place({ endpoint }: { endpoint: Endpoint }) {
  return (
    <div style={{ maxWidth: 420, overflowWrap: 'anywhere' }}>
      <Anchor component={Link} to={paths.endpointOf(ownerOf(endpoint), endpoint.id)}>
        <bdi>{endpoint.url}</bdi>
      </Anchor>
      <Copy text={endpoint.url} what="URL" />
      {endpoint.description && (
        <Text size="xs" c="dimmed">
          <bdi>{endpoint.description}</bdi>
        </Text>
      )}
    </div>
  );
}

function Whose({ endpoint, names }: { endpoint: Endpoint; names: Map<string, string> }) {
  const { merchant_id } = endpoint;
  if (!merchant_id) return 'an app';
  return (
    <Anchor component={Link} to={paths.endpoints(merchant_id)}>
      <bdi>{names.get(merchant_id) ?? merchant_id}</bdi>
    </Anchor>
  );
}
