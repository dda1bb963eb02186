import { Button, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { Empty, Failed, Loading } from '../ui/states';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { EndpointFilters } from './endpoint-filters';
import { EndpointTable } from './endpoint-table';
import { stateOf } from './endpoint-state';
import { FirstEndpoint } from './first-endpoint';
import { useEndpointsOf } from './endpoints';

const FILTERS = ['q', 'state', 'event_type'];

export function Endpoints() {
  const { merchantId = '' } = useParams();
  return (
    <Stack>
      <EndpointList
        owner={{ merchantId }}
        title={
          <Title order={1} size="h2">
            Endpoints
          </Title>
        }
      />
    </Stack>
  );
}

/** The endpoints of a merchant or an app, with what narrows them down in the address. */
export function EndpointList({ owner, title }: { owner: Owner; title: ReactNode }) {
  const [search, setSearch] = useSearchParams();
  const endpoints = useEndpointsOf(owner);
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const all = endpoints.data?.data ?? [];
  const rows = all.filter((endpoint) => matches(endpoint, search));
  const isFiltered = FILTERS.some((name) => search.get(name));
  return (
    <>
      <Group justify="space-between">
        {title}
        {all.length > 0 && !refused && (
          <Button component={Link} to={paths.addEndpoint(owner)}>
            Add endpoint
          </Button>
        )}
      </Group>
      {endpoints.isPending && <Loading />}
      {endpoints.isError && <Failed error={endpoints.error} retry={() => endpoints.refetch()} />}
      {endpoints.isSuccess && all.length === 0 && <FirstEndpoint owner={owner} refused={refused} />}
      {all.length > 0 && <EndpointFilters endpoints={all} />}
      {all.length > 0 && rows.length === 0 && (
        <Empty title="No endpoint matches">
          {isFiltered && (
            <Button
              variant="default"
              onClick={() =>
                setSearch(
                  (known) => {
                    for (const name of FILTERS) known.delete(name);
                    return known;
                  },
                  { replace: true },
                )
              }
            >
              Clear filters
            </Button>
          )}
        </Empty>
      )}
      {rows.length > 0 && <EndpointTable owner={owner} rows={rows} all={all} refused={refused} />}
    </>
  );
}

function matches(endpoint: Endpoint, search: URLSearchParams): boolean {
  const words = (search.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${endpoint.url} ${endpoint.description} ${endpoint.id}`.toLowerCase();
  const state = search.get('state');
  const type = search.get('event_type');
  return (
    words.every((word) => text.includes(word)) &&
    (!state || stateOf(endpoint) === state) &&
    (!type || endpoint.event_types.includes(type))
  );
}
