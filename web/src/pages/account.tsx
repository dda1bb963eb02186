import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { api, data } from '../api/client';
import { Failure, words } from '../api/errors';
import { browserName } from '../ui/browser-name';
import { Copy } from '../ui/copy';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useMe } from './me';
import { isGuest } from './nav-links';

/** One's own account: the password and the logins. */
export function Account() {
  const me = useMe();
  if (!me.data) return <Loading />;
  if (isGuest(me.data)) return <Forbidden title="Your account" whom="people who have one" />;
  return (
    <Stack maw={900}>
      <Title order={1} size="h2">
        Your account
      </Title>
      <Group gap="xs">
        <Text>
          <bdi>{me.data.name}</bdi>
        </Text>
        {me.data.platform_role && (
          <Badge variant="light" autoContrast>
            platform {me.data.platform_role}
          </Badge>
        )}
        <Code>{me.data.id}</Code>
        <Copy text={me.data.id} what="your id" />
      </Group>
      <Logins />
      <ChangePassword />
    </Stack>
  );
}

function ChangePassword() {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (form: FormData) =>
      data(
        api.POST('/v1/auth/password', {
          body: {
            current_password: String(form.get('current')),
            new_password: String(form.get('new')),
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['logins'] }),
  });
  const failure = change.error instanceof Failure ? change.error : undefined;
  const faults = {
    current: failure?.field('/current_password'),
    fresh: failure?.field('/new_password'),
  };
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    change.mutate(new FormData(element), { onSuccess: () => element.reset() });
  }
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit}>
      <Stack maw={420}>
        <Title order={2} size="h4">
          Change your password
        </Title>
        {change.isError && !faults.current && !faults.fresh && (
          <Alert color="red" role="alert">
            {words(change.error)}
          </Alert>
        )}
        {change.isSuccess && (
          <Text role="status">Your password is changed. All your other logins end.</Text>
        )}
        <PasswordInput
          name="current"
          label="The password so far"
          autoComplete="current-password"
          error={faults.current && `This ${faults.current}`}
          required
        />
        <PasswordInput
          name="new"
          label="The new one"
          description="12 to 256 characters"
          autoComplete="new-password"
          error={faults.fresh && `This ${faults.fresh}`}
          required
        />
        <Button type="submit" loading={change.isPending} w="fit-content">
          Change password
        </Button>
      </Stack>
    </Paper>
  );
}

function Logins() {
  const client = useQueryClient();
  const logins = usePages(['logins'], (cursor) =>
    data(api.GET('/v1/me/logins', { params: { query: { cursor } } })),
  );
  const end = useMutation({
    mutationFn: (login_id: string) =>
      data(api.DELETE('/v1/me/logins/{login_id}', { params: { path: { login_id } } })),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['logins'] });
      notifications.show({ message: 'That login has ended' });
    },
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
  });
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Where you are logged in
        </Title>
        <PagedTable
          pages={logins}
          rowKey={(login) => login.id}
          empty="You are logged in nowhere"
          minWidth={640}
          columns={[
            {
              title: 'Browser',
              cell: (login) => (
                <Stack gap={2} align="flex-start">
                  <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                    <bdi title={login.user_agent ?? undefined}>{browserName(login.user_agent)}</bdi>
                  </Text>
                  {login.current && (
                    <Badge variant="light" color="green" autoContrast>
                      this one
                    </Badge>
                  )}
                </Stack>
              ),
            },
            { title: 'Address', cell: (login) => login.ip ?? '–' },
            { title: 'Began', cell: (login) => <Time at={login.created_at} /> },
            { title: 'Last seen', cell: (login) => <Time at={login.last_seen_at} /> },
            { title: 'Ends', cell: (login) => <Time at={login.expires_at} /> },
            {
              title: 'Actions',
              bare: true,
              cell: (login) =>
                !login.current && (
                  <Button
                    size="xs"
                    variant="subtle"
                    color="red"
                    onClick={() => end.mutate(login.id)}
                  >
                    End it
                  </Button>
                ),
            },
          ]}
        />
      </Stack>
    </Paper>
  );
}
