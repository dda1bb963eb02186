import {
  Alert,
  Button,
  Code,
  Group,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { Confirm } from '../ui/confirm';
import { Copy } from '../ui/copy';
import { Time } from '../ui/time';
import { useMe } from './me';
import { roleIn } from './nav-links';

type Role = components['schemas']['MerchantRole'];

/** Links that let somebody in without an account, and the end of them all. */
export function PortalLinks({ merchantId }: { merchantId: string }) {
  const me = useMe();
  const [asking, { open, close }] = useDisclosure();
  const params = { path: { merchant_id: merchantId } };
  const make = useMutation({
    mutationFn: (body: components['schemas']['CreatePortalLink']) =>
      data(api.POST('/v1/merchants/{merchant_id}/portal-links', { params, body })),
  });
  const revoke = useMutation({
    mutationFn: () => data(api.DELETE('/v1/merchants/{merchant_id}/portal-links', { params })),
    onSuccess: () => {
      close();
      notifications.show({ message: 'All portal logins have ended' });
    },
  });
  const role = me.data?.platform_role;
  const operates = role === 'admin' || role === 'operator';
  if (!operates && (!me.data || roleIn(me.data, merchantId) !== 'owner')) return null;
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ label: String(form.get('label')), role: String(form.get('role')) as Role });
  }
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Portal links
        </Title>
        <Text size="sm">
          A portal link opens this merchant's pages once, without an account, for somebody whom your
          own platform has logged in.
        </Text>
        {operates && (
          <form onSubmit={submit}>
            <Group align="end">
              <TextInput name="label" label="Whom it is for" required w={280} />
              <Select
                name="role"
                label="They are"
                data={['viewer', 'developer']}
                defaultValue="viewer"
                allowDeselect={false}
                w={140}
              />
              <Button type="submit" variant="default" loading={make.isPending}>
                Make a link
              </Button>
            </Group>
          </form>
        )}
        {make.isError && (
          <Alert color="red" role="alert">
            {words(make.error)}
          </Alert>
        )}
        {make.data && (
          <Alert color="green" title="Give this link to nobody else">
            <Group gap="xs">
              <Code>{make.data.url}</Code>
              <Copy text={make.data.url} what="link" />
              <Text size="sm">
                It ends <Time at={make.data.expires_at} />.
              </Text>
            </Group>
          </Alert>
        )}
        <Button variant="outline" color="red" w="fit-content" onClick={open}>
          End all portal logins
        </Button>
      </Stack>
      {asking && (
        <Confirm
          title="End all portal logins?"
          action="End them"
          busy={revoke.isPending}
          error={revoke.error}
          onClose={close}
          onConfirm={() => revoke.mutate()}
        >
          <Text size="sm">
            Everybody who came through a portal link is out within five seconds, and links that
            nobody has opened yet stop working. People with an account stay.
          </Text>
        </Confirm>
      )}
    </Paper>
  );
}
