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

/** Links that let somebody into this merchant's dashboard without an account. */
export function PortalLinks({ merchantId }: { merchantId: string }) {
  const path = { merchant_id: merchantId };
  const refusal = useRefusal({ merchantId });
  const [ending, { open, close }] = useDisclosure();
  const create = useMutation({
    mutationFn: (body: components['schemas']['CreatePortalLink']) =>
      data(api.POST('/v1/merchants/{merchant_id}/portal-links', { params: { path }, body })),
  });
  const end = useMutation({
    mutationFn: () => data(api.DELETE('/v1/merchants/{merchant_id}/portal-links', { params: { path } })),
    onSuccess: close,
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      role: form.get('role') as 'viewer',
      expires_in: String(form.get('expires_in')),
      label: String(form.get('label')).trim() || undefined,
    });
  }
  const mayEnd = !refusal({ platform: 'operator', merchant: 'owner' });
  const mayMake = !refusal({ platform: 'operator' });
  if (!mayEnd) return null;
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
        {mayMake && (
        <form onSubmit={submit}>
          <Stack>
            <Group align="start">
              <Select
                name="role"
                label="They may"
                data={[
                  { value: 'viewer', label: 'only look' },
                  { value: 'developer', label: 'change endpoints and retry' },
                ]}
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
                w={200}
              />
              <TextInput
                name="label"
                label="Called"
                description="In the audit log"
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                placeholder="Jane"
                maxLength={120}
                error={faultAt(create.error, '/label')}
                w={200}
              />
            </Group>
            <Group>
              <Button type="submit" variant="default" loading={create.isPending}>
                Make link
              </Button>
            </Group>
            {create.isError && (
              <Alert color="red" role="alert">
                {words(create.error)}
              </Alert>
            )}
            {create.data && (
              <Alert color="green" title="Give this link to the one it is for, and to nobody else">
                <Group gap="xs" wrap="nowrap">
                  <Code style={{ overflowWrap: 'anywhere' }}>{create.data.url}</Code>
                  <Copy text={create.data.url} what="link" />
                </Group>
                <Text size="sm">
                  It can be opened until <Time at={create.data.expires_at} />.
                </Text>
              </Alert>
            )}
          </Stack>
        </form>
        )}
        <Group>
          <Button variant="outline" color="red" onClick={open}>
            End all portal logins
          </Button>
          {end.isSuccess && (
            <Text size="sm" role="status">
              All portal logins have ended.
            </Text>
          )}
        </Group>
      </Stack>
      {ending && (
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
    </Paper>
  );
}
