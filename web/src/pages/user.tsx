import {
  Alert,
  Anchor,
  Button,
  Code,
  Group,
  Paper,
  Select,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { Confirm } from '../ui/confirm';
import { Copy } from '../ui/copy';
import { Forbidden } from '../ui/forbidden';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useMe, useMerchant } from './me';
import { PLATFORM_ROLES } from './users';

type User = components['schemas']['User'];
type MerchantRole = components['schemas']['MerchantRole'];
const NONE = 'none';

/** Somebody who may log in: what they may do, a new password, the end of it. */
export function UserPage() {
  const { userId = '' } = useParams();
  const me = useMe();
  const isAdmin = me.data?.platform_role === 'admin';
  const user = useQuery({
    queryKey: ['user', userId],
    enabled: isAdmin,
    queryFn: () => data(api.GET('/v1/users/{user_id}', { params: { path: { user_id: userId } } })),
  });
  if (me.data && !isAdmin) return <Forbidden title="User" whom="admins of the platform" />;
  if (user.isPending) return <Loading />;
  if (!user.data) return <Failed error={user.error} retry={() => user.refetch()} />;
  const isSelf = user.data.id === me.data?.id;
  return (
    <Stack maw={720}>
      <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
        <bdi>{user.data.email}</bdi>
      </Title>
      <Group gap="xs">
        <Code>{user.data.id}</Code>
        <Copy text={user.data.id} what="user id" />
        <Text size="sm">
          added <Time at={user.data.created_at} />
        </Text>
        <Anchor component={Link} size="sm" to={paths.platformAuditLog({ actor_id: user.data.id })}>
          What they did
        </Anchor>
      </Group>
      <Rights user={user.data} isSelf={isSelf} />
      <NewPassword user={user.data} />
      <Deletion user={user.data} isSelf={isSelf} />
    </Stack>
  );
}

function Rights({ user, isSelf }: { user: User; isSelf: boolean }) {
  const client = useQueryClient();
  const update = useMutation({
    mutationFn: (body: components['schemas']['UpdateUser']) =>
      data(api.PATCH('/v1/users/{user_id}', { params: { path: { user_id: user.id } }, body })),
    onSuccess: (fresh) => {
      client.setQueryData(['user', user.id], fresh);
      client.invalidateQueries({ queryKey: ['users'] });
      notifications.show({ message: 'What they may do is changed' });
    },
  });
  const others = (id: string) => user.memberships.filter((held) => held.merchant_id !== id);
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          What they may do
        </Title>
        <Select
          label="On the platform"
          description={isSelf ? 'Your own role is for another admin to change.' : undefined}
          data={[{ value: NONE, label: 'nothing' }, ...PLATFORM_ROLES]}
          value={user.platform_role ?? NONE}
          allowDeselect={false}
          disabled={isSelf || update.isPending}
          onChange={(role) =>
            update.mutate({
              platform_role: role === NONE ? null : (role as components['schemas']['PlatformRole']),
            })
          }
          maw={280}
        />
        {user.memberships.length > 0 && (
          <Table aria-label="Roles in merchants">
            <Table.Tbody>
              {user.memberships.map((held) => (
                <Membership
                  key={held.merchant_id}
                  held={held}
                  onRole={(role) =>
                    update.mutate({
                      memberships: [...others(held.merchant_id), { ...held, role }],
                    })
                  }
                  onEnd={() => update.mutate({ memberships: others(held.merchant_id) })}
                />
              ))}
            </Table.Tbody>
          </Table>
        )}
        {user.memberships.length === 0 && <Text size="sm">They belong to no merchant.</Text>}
        {update.isError && (
          <Alert color="red" role="alert">
            {words(update.error)}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

function Membership({
  held,
  onRole,
  onEnd,
}: {
  held: User['memberships'][number];
  onRole: (role: MerchantRole) => void;
  onEnd: () => void;
}) {
  const merchant = useMerchant(held.merchant_id);
  const name = merchant.data?.name ?? held.merchant_id;
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={paths.people(held.merchant_id)}>
          <bdi>{name}</bdi>
        </Anchor>
      </Table.Td>
      <Table.Td>
        <Select
          aria-label={`Role in ${name}`}
          data={['viewer', 'developer', 'owner']}
          value={held.role}
          allowDeselect={false}
          onChange={(role) => onRole(role as MerchantRole)}
          size="xs"
          w={140}
        />
      </Table.Td>
      <Table.Td ta="end">
        <Button size="xs" variant="subtle" color="red" onClick={onEnd}>
          Take out
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function NewPassword({ user }: { user: User }) {
  const make = useMutation({
    mutationFn: () =>
      data(
        api.POST('/v1/users/{user_id}/password-reset', { params: { path: { user_id: user.id } } }),
      ),
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h4">
          A new password
        </Title>
        <Text size="sm">For who cannot get mail: a link, good once and for an hour.</Text>
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          Make a link
        </Button>
        {make.isError && (
          <Alert color="red" role="alert">
            {words(make.error)}
          </Alert>
        )}
        {make.data && (
          <Alert color="green" title={`Give this link to ${user.email}, and to nobody else`}>
            <Group gap="xs">
              <Code>{make.data.url}</Code>
              <Copy text={make.data.url} what="link" />
              <Text size="sm">
                It ends <Time at={make.data.expires_at} />.
              </Text>
            </Group>
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

function Deletion({ user, isSelf }: { user: User; isSelf: boolean }) {
  const [asking, { open, close }] = useDisclosure();
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      data(api.DELETE('/v1/users/{user_id}', { params: { path: { user_id: user.id } } })),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['users'] });
      navigate(paths.users());
    },
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h4">
          Delete
        </Title>
        <Text size="sm">
          {isSelf
            ? 'Your own account is for another admin to delete.'
            : 'They are out within five seconds. The audit log keeps what they did.'}
        </Text>
        <Button variant="outline" color="red" onClick={open} disabled={isSelf}>
          Delete
        </Button>
      </Stack>
      {asking && (
        <Confirm
          title="Delete this person?"
          action="Delete"
          typed={user.email}
          busy={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={() => remove.mutate()}
        >
          <Text size="sm">
            Their logins end within five seconds and they lose all their roles. This cannot be
            undone.
          </Text>
        </Confirm>
      )}
    </Paper>
  );
}
