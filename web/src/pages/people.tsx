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
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { Failure, words } from '../api/errors';
import { Copy } from '../ui/copy';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';
import { useMe } from './me';

type Role = components['schemas']['MerchantRole'];
const ROLES: Role[] = ['viewer', 'developer', 'owner'];

/** Who works for a merchant, and who is asked to. */
export function People() {
  const { merchantId = '' } = useParams();
  const me = useMe();
  const client = useQueryClient();
  const params = { path: { merchant_id: merchantId } };
  const manages =
    me.data?.platform_role === 'admin' ||
    me.data?.memberships.some((held) => held.merchant_id === merchantId && held.role === 'owner');
  const members = usePages(['members', merchantId], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/members', { params: { ...params, query: { cursor } } }),
    ),
  );
  const changed = () => client.invalidateQueries({ queryKey: ['members', merchantId] });
  const onError = (error: unknown) => notifications.show({ color: 'red', message: words(error) });
  const update = useMutation({
    mutationFn: ({ user_id, role }: { user_id: string; role: Role }) =>
      data(
        api.PUT('/v1/merchants/{merchant_id}/members/{user_id}', {
          params: { path: { merchant_id: merchantId, user_id } },
          body: { role },
        }),
      ),
    onSuccess: changed,
    onError,
  });
  const remove = useMutation({
    mutationFn: (user_id: string) =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/members/{user_id}', {
          params: { path: { merchant_id: merchantId, user_id } },
        }),
      ),
    onSuccess: changed,
    onError,
  });
  return (
    <Stack>
      <Title order={1} size="h2">
        People
      </Title>
      <PagedTable
        pages={members}
        rowKey={(member) => member.user_id}
        empty="Nobody belongs to this merchant yet"
        columns={[
          { title: 'Email', cell: (member) => <bdi>{member.email}</bdi> },
          {
            title: 'Role',
            cell: (member) =>
              manages ? (
                <Select
                  aria-label={`Role of ${member.email}`}
                  data={ROLES}
                  value={member.role}
                  allowDeselect={false}
                  onChange={(role) =>
                    update.mutate({ user_id: member.user_id, role: role as Role })
                  }
                  w={140}
                  size="xs"
                />
              ) : (
                member.role
              ),
          },
          { title: 'Added', cell: (member) => <Time at={member.created_at} /> },
          {
            title: '',
            cell: (member) =>
              manages && (
                <Button
                  size="xs"
                  variant="subtle"
                  color="red"
                  onClick={() => remove.mutate(member.user_id)}
                >
                  Remove
                </Button>
              ),
          },
        ]}
      />
      {manages && <Invitations merchantId={merchantId} />}
    </Stack>
  );
}

function Invitations({ merchantId }: { merchantId: string }) {
  const client = useQueryClient();
  const params = { path: { merchant_id: merchantId } };
  const changed = () => client.invalidateQueries({ queryKey: ['invitations', merchantId] });
  const open = usePages(['invitations', merchantId], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/invitations', {
        params: { ...params, query: { cursor } },
      }),
    ),
  );
  const invite = useMutation({
    mutationFn: (body: components['schemas']['InviteMember']) =>
      data(api.POST('/v1/merchants/{merchant_id}/invitations', { params, body })),
    onSuccess: changed,
  });
  const withdraw = useMutation({
    mutationFn: (invitation_id: string) =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/invitations/{invitation_id}', {
          params: { path: { merchant_id: merchantId, invitation_id } },
        }),
      ),
    onSuccess: changed,
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    invite.mutate({ email: String(form.get('email')), role: String(form.get('role')) as Role });
    event.currentTarget.reset();
  }
  const fault = invite.error instanceof Failure ? invite.error.field('/email') : undefined;
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Invite somebody
        </Title>
        <form onSubmit={submit}>
          <Group align="end">
            <TextInput name="email" label="Email" type="email" required w={280} error={fault} />
            <Select name="role" label="Role" data={ROLES} defaultValue="viewer" w={140} />
            <Button type="submit" loading={invite.isPending}>
              Invite
            </Button>
          </Group>
        </form>
        {invite.isError && !fault && (
          <Alert color="red" role="alert">
            {words(invite.error)}
          </Alert>
        )}
        {invite.data?.url && (
          <Alert color="green" title={`Give this link to ${invite.data.email}, and to nobody else`}>
            <Group gap="xs">
              <Code>{invite.data.url}</Code>
              <Copy text={invite.data.url} what="link" />
            </Group>
          </Alert>
        )}
        {invite.isSuccess && !invite.data.url && (
          <Text role="status">{invite.data.email} is mailed a link.</Text>
        )}
        <PagedTable
          pages={open}
          rowKey={(invitation) => invitation.id}
          empty="No invitation is open"
          columns={[
            { title: 'Invited', cell: (invitation) => <bdi>{invitation.email}</bdi> },
            { title: 'As', cell: (invitation) => invitation.role },
            { title: 'By', cell: (invitation) => <bdi>{invitation.invited_by}</bdi> },
            { title: 'Ends', cell: (invitation) => <Time at={invitation.expires_at} /> },
            {
              title: '',
              cell: (invitation) => (
                <Button
                  size="xs"
                  variant="subtle"
                  color="red"
                  onClick={() => withdraw.mutate(invitation.id)}
                >
                  Withdraw
                </Button>
              ),
            },
          ]}
        />
      </Stack>
    </Paper>
  );
}
