import { Group, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useSearchParams } from 'react-router';
import type { Endpoint } from '../api/endpoints';
import type { StateName } from './endpoint-state';

const STATES: StateName[] = ['active', 'failing', 'disabled'];

/** What narrows a list of endpoints down; all of it is in the address. */
export function EndpointFilters({ endpoints }: { endpoints: Endpoint[] }) {
  const [search, setSearch] = useSearchParams();
  const choose = (name: string, value: string | null) =>
    setSearch(
      (known) => {
        if (value) known.set(name, value);
        else known.delete(name);
        return known;
      },
      { replace: true },
    );
  const types = [...new Set(endpoints.flatMap((endpoint) => endpoint.event_types))].toSorted();
  return (
    <Group align="end">
      <TextInput
        type="search"
        label="Search"
        placeholder="URL, description or id"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search.get('q') ?? ''}
        onChange={(event) => choose('q', event.currentTarget.value)}
        w={280}
      />
      <Select
        label="State"
        placeholder="any"
        data={STATES}
        value={search.get('state')}
        onChange={(value) => choose('state', value)}
        clearable
        w={150}
      />
      <Select
        label="Event type"
        placeholder="any"
        data={types}
        value={search.get('event_type')}
        onChange={(value) => choose('event_type', value)}
        clearable
        searchable
        w={240}
      />
    </Group>
  );
}
