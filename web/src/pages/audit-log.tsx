import {
  Anchor,
  Autocomplete,
  Button,
  Code,
  Group,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { changes } from '../ui/change';
import { save } from '../ui/save';
import { MomentInput } from '../ui/moment-input';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { Empty } from '../ui/states';
import { Time } from '../ui/time';
import { AuditEntryDrawer, deed } from './audit-entry';
import { useFilter } from './filter';
import { useMe } from './me';
import { roleIn } from './nav-links';

type Entry = components['schemas']['AuditEntry'];

/** An id by its ends: the whole of it is one click away. */
function short(id: string): string {
  const prefix = id.indexOf('_') + 1;
  return id.length > 20 && prefix > 0 ? `${id.slice(0, prefix)}…${id.slice(-6)}` : id;
}

/** Which fields it changed, in a line. */
function summary({ before, after }: Entry): string {
  const fields = changes(before, after).map(({ field }) => field);
  if (fields.length === 0) return '–';
  const more = fields.length > 3 ? ` and ${fields.length - 3} more` : '';
  return fields.slice(0, 3).join(', ') + more;
}

/** Who did what: in one merchant, or everywhere. */
export function AuditLog() {
  const { merchantId } = useParams();
  const me = useMe();
  const filter = useFilter('actor_id', 'action', 'target', 'from', 'to');
  const chosen = useFilter('entry');
  const { actor_id, action, target, from, to } = filter.values;
  const query = {
    actor_id: actor_id || undefined,
    action: action ? [action] : undefined,
    target: target || undefined,
    from: from || undefined,
    to: to || undefined,
  };
  const pages = usePages<Entry>(['audit-log', merchantId, query], (cursor) =>
    merchantId
      ? data(
          api.GET('/v1/merchants/{merchant_id}/audit-log', {
            params: { path: { merchant_id: merchantId }, query: { ...query, cursor } },
          }),
        )
      : data(api.GET('/v1/audit-log', { params: { query: { ...query, cursor } } })),
  );
  const isPlatform = me.data?.platform_role != null;
  if (me.data && !isPlatform && (!merchantId || roleIn(me.data, merchantId) !== 'owner'))
    return (
      <Forbidden
        title="Audit log"
        whom={
          merchantId ? "the merchant's owners and people of the platform" : 'people of the platform'
        }
      />
    );
  const rows = pages.data?.pages.flatMap((page) => page.data) ?? [];
  const open = rows.find(({ id }) => id === chosen.values.entry);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Audit log
        </Title>
        {isPlatform && <Export query={{ ...query, merchant_id: merchantId }} />}
      </Group>
      <Group align="end" gap="sm" role="search">
        <ExactText
          label="Person or key id"
          value={actor_id}
          onChoose={(actor_id) => filter.set({ actor_id })}
        />
        <Autocomplete
          label="Operation"
          placeholder="any"
          key={`action ${action}`}
          defaultValue={action}
          data={[...new Set(rows.map((entry) => entry.action))].toSorted()}
          onOptionSubmit={(action) => filter.set({ action })}
          onBlur={(event) => filter.set({ action: event.currentTarget.value.trim() })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') filter.set({ action: event.currentTarget.value.trim() });
          }}
          w={160}
        />
        <ExactText
          label="Done to (id)"
          value={target}
          onChoose={(target) => filter.set({ target })}
        />
        <MomentInput label="From" value={from} onChange={(from) => filter.set({ from })} />
        <MomentInput label="To" value={to} onChange={(to) => filter.set({ to })} />
        {filter.isOn && (
          <Button variant="default" onClick={filter.clear}>
            Clear filters
          </Button>
        )}
      </Group>
      <PagedTable
        pages={pages}
        rowKey={(entry) => entry.id}
        empty={<Empty title={filter.isOn ? 'No entry matches' : 'Nothing has been done yet'} />}
        minWidth={940}
        columns={[
          { title: 'When', cell: (entry) => <Time at={entry.at} /> },
          {
            title: 'Who',
            cell: (entry) => (
              <Anchor
                component="button"
                type="button"
                size="sm"
                ta="start"
                title="Show only theirs"
                onClick={() => filter.set({ actor_id: entry.actor_id })}
              >
                <bdi>{entry.actor_name}</bdi>
              </Anchor>
            ),
          },
          {
            title: 'Did',
            cell: (entry) => (
              <Anchor
                component="button"
                type="button"
                size="sm"
                ta="start"
                onClick={() => chosen.set({ entry: entry.id })}
              >
                {deed(entry.action)}
              </Anchor>
            ),
          },
          {
            title: 'To',
            cell: ({ target }) => (
              <Code title={target} style={{ whiteSpace: 'nowrap' }}>
                {short(target)}
              </Code>
            ),
          },
          { title: 'Changed', cell: summary },
          { title: 'From', cell: (entry) => entry.ip ?? '–' },
        ]}
      />
      {open && <AuditEntryDrawer entry={open} onClose={chosen.clear} />}
    </Stack>
  );
}

/** A filter by an exact text. */
function ExactText({
  label,
  value,
  onChoose,
}: {
  label: string;
  value: string;
  onChoose: (text: string) => void;
}) {
  return (
    <TextInput
      label={label}
      placeholder="any"
      key={value}
      defaultValue={value}
      onBlur={(event) => onChoose(event.currentTarget.value.trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onChoose(event.currentTarget.value.trim());
      }}
      w={180}
    />
  );
}

function Export({ query }: { query: object }) {
  const load = useMutation({
    mutationFn: () => data(api.GET('/v1/audit-log/export', { params: { query }, parseAs: 'text' })),
    onSuccess: (text) => save(String(text), 'audit-log.ndjson', 'application/x-ndjson'),
  });
  return (
    <Group gap="xs">
      {load.isError && (
        <Text size="sm" c="red" role="alert">
          {words(load.error)}
        </Text>
      )}
      <Button
        variant="default"
        leftSection={<IconDownload size={16} aria-hidden />}
        loading={load.isPending}
        onClick={() => load.mutate()}
      >
        Export as NDJSON
      </Button>
    </Group>
  );
}
