import { Alert, Group, Paper, PasswordInput, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { components } from '../api/__generated__/schema';
import { type Endpoint, type Owner, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { dialectInfo } from '../pages/dialects';
import { ActionButton } from '../ui/action-button';
import { fromField } from '../ui/moment-input';
import { useZone, zoneName } from '../ui/zone';
import { secretFault } from './endpoint-draft';
import { faultAt } from './faults';

type Props = {
  owner: Owner;
  endpoint: Endpoint;
  refused: string | undefined;
  onRotated: (secrets: components['schemas']['Secrets']) => void;
};

const OVERLAPS = [
  { value: '0s', label: 'not at all' },
  { value: '24h', label: 'for 24 hours' },
  { value: '72h', label: 'for 72 hours' },
  { value: 'date', label: 'until a date' },
];

/** Replaces the secrets; the old signing secret may sign on for a while. */
export function SecretRotate({ owner, endpoint, refused, onRotated }: Props) {
  const [overlap, setOverlap] = useState('24h');
  const [until, setUntil] = useState('');
  const zone = useZone();
  const [secret, setSecret] = useState('');
  const rotate = useMutation({
    mutationFn: () =>
      endpointsOf(owner).rotate(endpoint.id, {
        overlap: overlap === 'date' ? spanUntil(fromField(until, zone)) : overlap,
        secret: secret || undefined,
      }),
    onSuccess: (fresh) => {
      setSecret('');
      onRotated(fresh);
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    rotate.mutate();
  }
  const header = dialectInfo(endpoint.dialect).secretHeader;
  return (
    <Paper withBorder p="md">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            Rotate
          </Title>
          <Text size="sm">
            New secrets are made.{header && ` ${header} carries the new one at once.`} The old signing secret
            may sign on, so that the receiver can change over without losing a request.
          </Text>
          <Group align="start">
            <Select
              label="The old one signs on"
              data={OVERLAPS}
              value={overlap}
              allowDeselect={false}
              onChange={(value) => setOverlap(value ?? '24h')}
              error={overlap !== 'date' && faultAt(rotate.error, '/overlap')}
              w={180}
            />
            {overlap === 'date' && (
              <TextInput
                type="datetime-local"
                label="Until"
                description={`Time of ${zoneName(zone)}, 7 days ahead at most`}
                value={until}
                onChange={(event) => setUntil(event.currentTarget.value)}
                error={faultAt(rotate.error, '/overlap')}
                required
              />
            )}
            <PasswordInput
              label="A secret of your own"
              placeholder="one is made"
              autoComplete="off"
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              error={
                faultAt(rotate.error, '/secret') ??
                (secret ? secretFault(endpoint.dialect, secret) : undefined)
              }
              w={260}
            />
          </Group>
          {rotate.isError && (
            <Alert color="red" role="alert">
              {words(rotate.error)}
            </Alert>
          )}
          <Group>
            <ActionButton type="submit" disabledReason={refused} loading={rotate.isPending}>
              Rotate
            </ActionButton>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}

/** How long it is until a time, as the API takes it. */
function spanUntil(at: string): string {
  return `${Math.max(0, Math.round((Date.parse(at) - Date.now()) / 1_000))}s`;
}
