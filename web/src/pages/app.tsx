import { Anchor, Code, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { AppForm } from '../forms/app-form';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Confirm } from '../ui/confirm';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useRefusal } from './access';
import { ApiKeys } from './api-keys';
import { EndpointList } from './endpoint-list';
import { Invitations } from './invitations';

type App = components['schemas']['App'];

/** An app with its endpoints, its keys and who develops it. */
export function AppPage() {
  const { appId = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const refusal = useRefusal({ appId });
  const app = useQuery({
    queryKey: ['app', appId],
    queryFn: () => data(api.GET('/v1/apps/{app_id}', { params: { path: { app_id: appId } } })),
  });
  if (app.isPending) return <Loading />;
  if (!app.data) return <Failed error={app.error} retry={() => app.refetch()} />;
  const tabs = [
    { value: 'endpoints', label: 'Endpoints' },
    ...(refusal({ platform: 'viewer' }) ? [] : [{ value: 'keys', label: 'API keys' }]),
    ...(refusal({ platform: 'admin' }) ? [] : [{ value: 'developers', label: 'Developers' }]),
  ];
  const tab = tabs.find(({ value }) => value === search.get('tab'))?.value ?? 'endpoints';
  return (
    <Stack>
      <Head app={app.data} />
      <Tabs
        value={tab}
        onChange={(value) => setSearch({ tab: value ?? 'endpoints' }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          {tabs.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="endpoints" pt="md">
          <Stack>
            <EndpointList
              owner={{ appId }}
              title={<Text size="sm">They receive the events of every merchant that has the app installed.</Text>}
            />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="keys" pt="md">
          <ApiKeys holder={{ appId }} />
        </Tabs.Panel>
        <Tabs.Panel value="developers" pt="md">
          <Developers appId={appId} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Head({ app }: { app: App }) {
  const [editing, edit] = useDisclosure();
  const [deleting, asking] = useDisclosure();
  const refusal = useRefusal({ appId: app.id });
  return (
    <Stack gap="xs">
      <div>
        <Anchor component={Link} size="sm" to={paths.apps()}>
          Apps
        </Anchor>
        <Group justify="space-between">
          <Title order={1} size="h2">
            <bdi>{app.name}</bdi>
          </Title>
          <Group gap="xs">
            <ActionButton
              variant="default"
              disabledReason={refusal({ platform: 'operator' })}
              onClick={edit.open}
            >
              Edit
            </ActionButton>
            <ActionButton
              variant="outline"
              color="red"
              disabledReason={refusal({ platform: 'admin' })}
              onClick={asking.open}
            >
              Delete
            </ActionButton>
          </Group>
        </Group>
      </div>
      {app.description && (
        <Text>
          <bdi>{app.description}</bdi>
        </Text>
      )}
      <Group gap="md">
        <Group gap={4} wrap="nowrap">
          <Code>{app.id}</Code>
          <Copy text={app.id} what="app id" />
        </Group>
        <Text size="sm">
          added <Time at={app.created_at} />
        </Text>
      </Group>
      {editing && <AppForm app={app} onClose={edit.close} />}
      {deleting && <Delete app={app} onClose={asking.close} />}
    </Stack>
  );
}

function Delete({ app, onClose }: { app: App; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => data(api.DELETE('/v1/apps/{app_id}', { params: { path: { app_id: app.id } } })),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['apps'] });
      navigate(paths.apps());
    },
  });
  return (
    <Confirm
      title="Delete this app?"
      action="Delete"
      typed={app.name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        Its endpoints and keys go with it, and what still waits for them is cancelled. An app that a merchant
        has installed cannot be deleted. This cannot be undone.
      </Text>
    </Confirm>
  );
}

/** Who is asked to develop the app. */
function Developers({ appId }: { appId: string }) {
  const path = { app_id: appId };
  return (
    <Stack>
      <Text size="sm">
        Developers reach the app's own endpoints and deliveries, and nothing of the merchants. Who develops it
        already is on the page of each{' '}
        <Anchor component={Link} size="sm" underline="always" to={paths.users()}>
          user
        </Anchor>
        .
      </Text>
      <Invitations
        of={appId}
        roles={['developer']}
        list={(cursor) =>
          data(api.GET('/v1/apps/{app_id}/invitations', { params: { path, query: { cursor } } }))
        }
        invite={(email) => data(api.POST('/v1/apps/{app_id}/invitations', { params: { path }, body: { email } }))}
        withdraw={(invitation_id) =>
          data(
            api.DELETE('/v1/apps/{app_id}/invitations/{invitation_id}', {
              params: { path: { ...path, invitation_id } },
            }),
          )
        }
      />
    </Stack>
  );
}
