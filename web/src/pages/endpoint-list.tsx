import { Button, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { Empty, Failed, Loading } from '../ui/states';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { ENDPOINT_FILTERS, EndpointFilters } from './endpoint-filters';
import { EndpointTable } from './endpoint-table';
import { stateOf } from './endpoint-state';
import { useSummaries } from './endpoint-stats';
import { FirstEndpoint } from './first-endpoint';
import { useEndpointsOf } from './endpoints';
import { useFilter } from './filter';

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
  const filter = useFilter(...ENDPOINT_FILTERS);
  const endpoints = useEndpointsOf(owner);
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const all = endpoints.data?.data ?? [];
  const summaries = useSummaries(owner).data;
  const rows = all.filter(
    (endpoint) =>
      matches(endpoint, filter.values) &&
      (!filter.values.state || stateOf(endpoint, summaries?.get(endpoint.id)) === filter.values.state),
  );
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
      {endpoints.isError && !endpoints.data && <Failed error={endpoints.error} retry={() => endpoints.refetch()} />}
      {endpoints.data && all.length === 0 && <FirstEndpoint owner={owner} refused={refused} />}
      {all.length > 0 && <EndpointFilters endpoints={all} />}
      {all.length > 0 && rows.length === 0 && (
        <Empty title="No endpoint matches">
          <Button variant="default" onClick={filter.clear}>
            Clear filters
          </Button>
        </Empty>
      )}
      {rows.length > 0 && <EndpointTable owner={owner} rows={rows} all={all} refused={refused} />}
    </>
  );
}

type Wanted = Record<(typeof ENDPOINT_FILTERS)[number], string>;

function matches(endpoint: Endpoint, { q, event_type }: Wanted): boolean {
  const text = `${endpoint.url} ${endpoint.description} ${endpoint.id}`.toLowerCase();
  return (
    q.toLowerCase().split(/\s+/).every((word) => text.includes(word)) &&
    (!event_type || endpoint.event_types.includes(event_type))
  );
}
