import {
  Alert,
  Button,
  Checkbox,
  Code,
  Group,
  Modal,
  Radio,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { type KeyHolder, keysOf } from '../api/keys';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { fromField } from '../ui/moment-input';
import { type Zone, useZone, zoneName } from '../ui/zone';
import { faultAt } from './faults';

type Scope = components['schemas']['Scope'];
type Environment = components['schemas']['Environment'];
type Props = { holder: KeyHolder; queryKey: string[]; onClose: () => void };

const RESOURCES: [name: string, what: string][] = [
  ['events', 'publish and read events'],
  ['activities', 'record activities, read sessions'],
  ['endpoints', 'endpoints and their secrets'],
  ['deliveries', 'the log and retries'],
  ['merchants', 'the merchant itself'],
  ['apps', 'apps and installations'],
  ['users', 'people and portal links'],
];
const LIVES = [
  { value: 'never', label: 'never' },
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in a year' },
  { value: 'date', label: 'on a date' },
];

/** A new API key, shown this once. */
export function ApiKeyCreate({ holder, queryKey, onClose }: Props) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>([]);
  const [life, setLife] = useState('never');
  const [date, setDate] = useState('');
  const [environment, setEnvironment] = useState<Environment>('live');
  const zone = useZone();
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      keysOf(holder).create({ name, scopes, environment, expires_at: endOf(life, date, zone) }),
    onSuccess: () => client.invalidateQueries({ queryKey }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    create.mutate();
  }
  if (create.isSuccess) return <Made apiKey={create.data} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title="Add an API key" size="lg">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description="What uses it, so that others know it again."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultAt(create.error, '/name')}
            maxLength={120}
            required
            data-autofocus
          />
          <Radio.Group
            label="Environment"
            description="A label for people: nothing else depends on it."
            value={environment}
            onChange={(value) => setEnvironment(value as Environment)}
          >
            <Group mt={4}>
              <Radio value="live" label="Live" />
              <Radio value="test" label="Test" />
            </Group>
          </Radio.Group>
          <ScopeFields scopes={scopes} onChange={setScopes} />
          <Group align="start">
            <Select
              label="It ends"
              data={LIVES}
              value={life}
              allowDeselect={false}
              onChange={(value) => setLife(value ?? 'never')}
              w={160}
            />
            {life === 'date' && (
              <TextInput
                type="datetime-local"
                label="Date"
                description={`Time of ${zoneName(zone)}`}
                value={date}
                onChange={(event) => setDate(event.currentTarget.value)}
                error={faultAt(create.error, '/expires_at')}
                required
              />
            )}
          </Group>
          {create.isError && (
            <Alert color="red" role="alert">
              {words(create.error)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <ActionButton
              type="submit"
              loading={create.isPending}
              disabledReason={scopes.length === 0 ? 'Choose at least one scope.' : undefined}
            >
              Add API key
            </ActionButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function ScopeFields({ scopes, onChange }: { scopes: Scope[]; onChange: (scopes: Scope[]) => void }) {
  const toggle = (scope: Scope, on: boolean) =>
    onChange([...scopes.filter((one) => one !== scope), ...(on ? [scope] : [])]);
  return (
    <Table verticalSpacing={4} aria-label="Scopes">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>It may reach</Table.Th>
          <Table.Th>read</Table.Th>
          <Table.Th>write</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {RESOURCES.map(([resource, what]) => {
          const [read, write] = [`${resource}:read`, `${resource}:write`] as [Scope, Scope];
          const writes = scopes.includes(write);
          return (
            <Table.Tr key={resource}>
              <Table.Td>
                <Text size="sm">{resource}</Text>
                <Text size="xs" c="dimmed">
                  {what}
                </Text>
              </Table.Td>
              <Table.Td>
                <Checkbox
                  aria-label={read}
                  // Writing includes reading.
                  checked={writes || scopes.includes(read)}
                  disabled={writes}
                  onChange={(event) => toggle(read, event.currentTarget.checked)}
                />
              </Table.Td>
              <Table.Td>
                <Checkbox
                  aria-label={write}
                  checked={writes}
                  onChange={(event) => {
                    const rest = scopes.filter((one) => one !== read && one !== write);
                    onChange(event.currentTarget.checked ? [...rest, write] : rest);
                  }}
                />
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function Made({
  apiKey,
  onClose,
}: {
  apiKey: components['schemas']['CreatedApiKey'];
  onClose: () => void;
}) {
  return (
    <Modal opened onClose={onClose} title="The API key is there" closeOnClickOutside={false} size="lg">
      <Stack>
        <Alert color="green" title="Copy it now: it is not shown again">
          <Group gap="xs" wrap="nowrap">
            <Code style={{ overflowWrap: 'anywhere' }}>{apiKey.key}</Code>
            <Copy text={apiKey.key} what="API key" />
          </Group>
        </Alert>
        <Text size="sm">
          Send it as <Code>Authorization: Bearer …</Code>
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** When a key ends, as the API takes it. */
function endOf(life: string, date: string, zone: Zone): string | undefined {
  if (life === 'never') return undefined;
  if (life === 'date') return fromField(date, zone);
  return new Date(Date.now() + Number(life) * 86_400_000).toISOString();
}
