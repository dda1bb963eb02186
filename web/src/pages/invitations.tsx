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
import type { components } from '../api/__generated__/schema';
import { Failure, words } from '../api/errors';
import { Copy } from '../ui/copy';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';

type Invitation = components['schemas']['Invitation'];

/** Who is asked to join: a merchant, or the platform. */
export function Invitations<Role extends string>({
  of,
  roles,
  list,
  invite,
  withdraw,
}: {
  of: string;
  roles: Role[];
  list: (cursor?: string) => Promise<components['schemas']['InvitationList']>;
  invite: (email: string, role: Role) => Promise<Invitation>;
  withdraw: (id: string) => Promise<unknown>;
}) {
  const client = useQueryClient();
  const onSuccess = () => client.invalidateQueries({ queryKey: ['invitations', of] });
  const open = usePages<Invitation>(['invitations', of], list);
  const send = useMutation({
    mutationFn: ({ email, role }: { email: string; role: Role }) => invite(email, role),
    onSuccess,
  });
  const end = useMutation({
    mutationFn: withdraw,
    onSuccess,
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    send.mutate(
      { email: String(form.get('email')), role: String(form.get('role')) as Role },
      { onSuccess: () => element.reset() },
    );
  }
  const fault = send.error instanceof Failure ? send.error.field('/email') : undefined;
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Invite somebody
        </Title>
        <form onSubmit={submit}>
          <Group align="end">
            <TextInput name="email" label="Email" type="email" required w={280} error={fault} />
            <Select
              name="role"
              label="Role"
              data={roles}
              defaultValue={roles[0]}
              allowDeselect={false}
              w={140}
            />
            <Button type="submit" loading={send.isPending}>
              Invite
            </Button>
          </Group>
        </form>
        {send.isError && !fault && (
          <Alert color="red" role="alert">
            {words(send.error)}
          </Alert>
        )}
        {send.data?.url && (
          <Alert color="green" title={`Give this link to ${send.data.email}, and to nobody else`}>
            <Group gap="xs">
              <Code>{send.data.url}</Code>
              <Copy text={send.data.url} what="link" />
            </Group>
          </Alert>
        )}
        {send.isSuccess && !send.data.url && (
          <Text role="status">{send.data.email} is mailed a link.</Text>
        )}
        <PagedTable
          pages={open}
          rowKey={(invitation) => invitation.id}
          empty="No invitation is open"
          columns={[
            { title: 'Invited', cell: (invitation) => <bdi>{invitation.email}</bdi> },
            { title: 'As', cell: (invitation) => invitation.role ?? invitation.platform_role },
            { title: 'By', cell: (invitation) => <bdi>{invitation.invited_by}</bdi> },
            { title: 'Ends', cell: (invitation) => <Time at={invitation.expires_at} /> },
            {
              title: 'Actions',
              bare: true,
              cell: (invitation) => (
                <Button
                  size="xs"
                  variant="subtle"
                  color="red"
                  aria-label={`Withdraw the invitation of ${invitation.email}`}
                  onClick={() => end.mutate(invitation.id)}
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
