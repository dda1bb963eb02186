import { Group, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconSearch } from '@tabler/icons-react';
import type { FormEvent } from 'react';
import { useNavigate } from 'react-router';
import type { Whose } from '../api/deliveries';
import type { Endpoint } from '../api/endpoints';
import { paths } from '../path-builder';
import { OUTCOMES } from '../ui/outcomes';
import { PickMany, PickOne } from '../ui/pick';
import { useEventTypes } from './event-types';
import { useAddress } from './log-address';
import { CLASSES, type LogFilter, type Many, STATUSES, searched, withValues } from './log-filter';
import { PickStatus } from './log-pick-status';
import { PickTime } from './log-pick-time';

type Props = { merchantId: Whose; filter: LogFilter; endpoints: Map<string, Endpoint> };

/** What the log is narrowed down by. All of it stands in the address. */
export function LogFilters({ merchantId, filter, endpoints }: Props) {
  const change = useAddress();
  const types = useEventTypes();
  const choose = (name: Many | 'is_test' | 'min_attempts') => (values: string[]) =>
    change((search) => withValues(search, name, values));
  return (
    <Group gap={8}>
      <SearchBox merchantId={merchantId} key={filter.event_id} filter={filter} />
      <PickMany
        label="Status"
        choices={STATUSES.map((status) => ({ value: status, label: status }))}
        values={filter.status}
        onChange={choose('status')}
      />
      <PickMany
        label="Event type"
        choices={types.data?.data.map(({ name }) => ({ value: name, label: name })) ?? []}
        values={filter.event_type}
        onChange={choose('event_type')}
      />
      <PickMany
        label="Endpoint"
        choices={[...endpoints.values()].map(({ id, url }) => ({ value: id, label: url }))}
        values={filter.endpoint_id}
        onChange={choose('endpoint_id')}
      />
      <PickTime filter={filter} />
      <PickStatus values={filter.http_status} classes={CLASSES} onChange={choose('http_status')} />
      <PickMany
        label="Outcome"
        choices={Object.entries(OUTCOMES).map(([value, { name }]) => ({ value, label: name }))}
        values={filter.outcome}
        onChange={choose('outcome')}
      />
      <PickOne
        label="Attempts"
        choices={['2', '3', '5', '10'].map((value) => ({ value, label: `${value} or more` }))}
        value={filter.min_attempts}
        onChange={choose('min_attempts')}
      />
      <PickOne
        label="Tests"
        choices={[
          { value: 'true', label: 'Tests only' },
          { value: 'false', label: 'No tests' },
        ]}
        value={filter.is_test}
        onChange={choose('is_test')}
      />
    </Group>
  );
}

/** Opens a delivery by its id, or finds the deliveries of an event. */
function SearchBox({ merchantId, filter }: { merchantId: Whose; filter: LogFilter }) {
  const change = useAddress();
  const navigate = useNavigate();
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const found = searched(String(new FormData(event.currentTarget).get('id')));
    if (found && 'delivery' in found) {
      if (merchantId) navigate(paths.delivery(merchantId, found.delivery));
      else notifications.show({ message: 'A delivery is opened from its merchant’s log. Here, search by event id.' });
    } else {
      change((search) => withValues(search, 'event_id', found ? [found.event] : []));
    }
  }
  return (
    <form role="search" onSubmit={submit} style={{ flex: '1 1 170px', maxWidth: 340 }}>
      <TextInput
        size="xs"
        type="search"
        name="id"
        aria-label={merchantId ? 'Delivery id or event id' : 'Event id'}
        placeholder={merchantId ? 'Delivery id or event id' : 'Event id, evt_…'}
        leftSection={<IconSearch size={14} aria-hidden />}
        defaultValue={filter.event_id ?? ''}
      />
    </form>
  );
}
