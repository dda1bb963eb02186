import { Badge, Code, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { components } from '../api/__generated__/schema';
import { type KeyHolder, keysOf } from '../api/keys';
import { ApiKeyCreate } from '../forms/api-key-create';
import { ActionButton } from '../ui/action-button';
import { Confirm } from '../ui/confirm';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';
import { useRefusal } from './access';

type ApiKey = components['schemas']['ApiKey'];

/** The API keys of a merchant, an app or the platform. */
export function ApiKeys({ holder }: { holder: KeyHolder }) {
  const queryKey = ['api-keys', holder.merchantId ?? holder.appId ?? 'platform'];
  const keys = usePages<ApiKey>(queryKey, (cursor) => keysOf(holder).list(cursor));
  const [adding, { open, close }] = useDisclosure();
  const [revoked, setRevoked] = useState<ApiKey>();
  const merchant = holder.merchantId === undefined ? undefined : 'owner';
  const refused = useRefusal(
    holder.merchantId === undefined ? {} : { merchantId: holder.merchantId },
  )({ platform: 'admin', merchant });
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm">Programs log in with a key. It may do what its scopes say, and no more.</Text>
        <ActionButton onClick={open} disabledReason={refused}>
          Add API key
        </ActionButton>
      </Group>
      <PagedTable
        pages={keys}
        rowKey={(key) => key.id}
        empty="No API key yet"
        minWidth={820}
        columns={[
          {
            title: 'Name',
            cell: (key) => (
              <>
                <Group gap="xs">
                  <bdi>{key.name}</bdi>
                  <Badge size="sm" variant="light" color={key.environment === 'live' ? 'green' : 'gray'}>
                    {key.environment}
                  </Badge>
                </Group>
                <Code>{key.prefix ? `${key.prefix}…` : key.id}</Code>
              </>
            ),
          },
          { title: 'Scopes', cell: (key) => <Scopes names={key.scopes} /> },
          {
            title: 'Last used',
            cell: (key) => (key.last_used_at ? <Time at={key.last_used_at} /> : 'never'),
          },
          { title: 'Ends', cell: (key) => <Ends at={key.expires_at} /> },
          { title: 'Added', cell: (key) => <Time at={key.created_at} /> },
          {
            title: '',
            cell: (key) => (
              <ActionButton
                size="xs"
                variant="subtle"
                color="red"
                aria-label={`Revoke ${key.name}`}
                disabledReason={refused}
                onClick={() => setRevoked(key)}
              >
                Revoke
              </ActionButton>
            ),
          },
        ]}
      />
      {adding && <ApiKeyCreate holder={holder} queryKey={queryKey} onClose={close} />}
      {revoked && (
        <Revoke
          holder={holder}
          apiKey={revoked}
          queryKey={queryKey}
          onClose={() => setRevoked(undefined)}
        />
      )}
    </Stack>
  );
}

function Scopes({ names }: { names: string[] }) {
  return (
    <Group gap={4}>
      {names.map((name) => (
        <Code key={name}>{name}</Code>
      ))}
    </Group>
  );
}

function Ends({ at }: { at: string | null }) {
  if (!at) return 'never';
  return (
    <>
      {Date.parse(at) < Date.now() && <b>ended </b>}
      <Time at={at} />
    </>
  );
}

function Revoke({
  holder,
  apiKey,
  queryKey,
  onClose,
}: {
  holder: KeyHolder;
  apiKey: ApiKey;
  queryKey: string[];
  onClose: () => void;
}) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => keysOf(holder).revoke(apiKey.id),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey });
    },
  });
  return (
    <Confirm
      title="Revoke this API key?"
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Programs that use <bdi>{apiKey.name}</bdi> are refused within five seconds. It was{' '}
        {apiKey.last_used_at ? (
          <>
            last used <Time at={apiKey.last_used_at} />
          </>
        ) : (
          'never used'
        )}
        . This cannot be undone.
      </Text>
    </Confirm>
  );
}
