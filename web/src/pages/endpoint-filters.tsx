import { Group, Select } from '@mantine/core';
import type { Endpoint } from '../api/endpoints';
import { SearchBox } from '../ui/search-box';
import type { StateName } from './endpoint-state';
import { useFilter } from './filter';

export const ENDPOINT_FILTERS = ['q', 'state', 'event_type'] as const;
const STATES: StateName[] = ['working', 'paused', 'failing', 'disabled'];

/** What narrows a list of endpoints down; all of it is in the address. */
export function EndpointFilters({ endpoints }: { endpoints: Endpoint[] }) {
  const { values, set } = useFilter(...ENDPOINT_FILTERS);
  const types = [...new Set(endpoints.flatMap((endpoint) => endpoint.event_types))].toSorted();
  return (
    <Group align="end">
      <SearchBox
        label="Search endpoints"
        placeholder="URL, description or id"
        value={values.q}
        onSearch={(q) => set({ q })}
      />
      <Select
        label="State"
        placeholder="any"
        data={STATES}
        value={values.state || null}
        onChange={(value) => set({ state: value })}
        clearable
        w={150}
      />
      <Select
        label="Event type"
        placeholder="any"
        data={types}
        value={values.event_type || null}
        onChange={(value) => set({ event_type: value })}
        clearable
        searchable
        w={240}
      />
    </Group>
  );
}
