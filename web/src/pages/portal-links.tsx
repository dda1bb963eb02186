import { Alert, Button, Code, Group, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { faultAt } from '../forms/faults';
import { Confirm } from '../ui/confirm';
import { Copy } from '../ui/copy';
import { Time } from '../ui/time';
import { useRefusal } from './access';

const LIVES = [
  { value: '15m', label: '15 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '8h', label: '8 hours' },
  { value: '24h', label: '24 hours' },
];
const ROLES = [
  { value: 'viewer', label: 'only look' },
  { value: 'developer', label: 'change endpoints and retry' },
];

/** Links that let somebody into this merchant's pages without an account, and the end of them all. */
export function PortalLinks({ merchantId }: { merchantId: string }) {
  const refusal = useRefusal({ merchantId });
  if (refusal({ platform: 'operator', merchant: 'owner' })) return null;
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Portal links
        </Title>
        <Text size="sm">
          A portal link lets somebody whom the platform knows into the pages of this merchant, without an
          account. It is good once, and for ten minutes; their login ends after the time you choose.
        </Text>
        {!refusal({ platform: 'operator' }) && <MakeLink merchantId={merchantId} />}
        <EndAll merchantId={merchantId} />
      </Stack>
    </Paper>
  );
}

function MakeLink({ merchantId }: { merchantId: string }) {
  const params = { path: { merchant_id: merchantId } };
  const make = useMutation({
    mutationFn: (body: components['schemas']['CreatePortalLink']) =>
      data(api.POST('/v1/merchants/{merchant_id}/portal-links', { params, body })),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({
      role: form.get('role') as 'viewer',
      expires_in: String(form.get('expires_in')),
      label: String(form.get('label')).trim() || undefined,
    });
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Group align="end">
          <TextInput
            name="label"
            label="Whom it is for"
            placeholder="as the audit log calls them"
            maxLength={120}
            error={faultAt(make.error, '/label')}
            w={260}
          />
          <Select
            name="role"
            label="They may"
            data={ROLES}
            defaultValue="viewer"
            allowDeselect={false}
            w={240}
          />
          <Select
            name="expires_in"
            label="They stay logged in for"
            data={LIVES}
            defaultValue="1h"
            allowDeselect={false}
            w={190}
          />
          <Button type="submit" variant="default" loading={make.isPending}>
            Make a link
          </Button>
        </Group>
        {make.isError && (
          <Alert color="red" role="alert">
            {words(make.error)}
          </Alert>
        )}
        {make.data && (
          <Alert color="green" title="Give this link to the one it is for, and to nobody else">
            <Group gap="xs" wrap="nowrap">
              <Code style={{ overflowWrap: 'anywhere' }}>{make.data.url}</Code>
              <Copy text={make.data.url} what="link" />
            </Group>
            <Text size="sm">
              It can be opened until <Time at={make.data.expires_at} />.
            </Text>
          </Alert>
        )}
      </Stack>
    </form>
  );
}

function EndAll({ merchantId }: { merchantId: string }) {
  const params = { path: { merchant_id: merchantId } };
  const [asking, { open, close }] = useDisclosure();
  const end = useMutation({
    mutationFn: () => data(api.DELETE('/v1/merchants/{merchant_id}/portal-links', { params })),
    onSuccess: close,
  });
  return (
    <Group>
      <Button variant="outline" color="red" onClick={open}>
        End all portal logins
      </Button>
      {end.isSuccess && (
        <Text size="sm" role="status">
          All portal logins have ended.
        </Text>
      )}
      {asking && (
        <Confirm
          title="End all portal logins?"
          action="End them"
          busy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate()}
          onClose={close}
        >
          <Text size="sm">
            Everybody who came through a portal link is out within five seconds, and links that nobody has
            opened yet stop working. People with an account stay.
          </Text>
        </Confirm>
      )}
    </Group>
  );
}
