import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import { AppForm } from '../forms/app-form';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';
import { useRefusal } from './access';
import { useMe } from './me';

/** Apps that merchants may install: all of them for the platform, their own for developers. */
export function Apps() {
  const me = useMe().data;
  const [adding, { open, close }] = useDisclosure();
  const refusal = useRefusal();
  const apps = usePages(['apps'], (cursor) =>
    data(api.GET('/v1/apps', { params: { query: { cursor } } })),
  );
  if (me && me.platform_role === null && me.app_ids.length === 0) {
    return <Forbidden title="Apps" whom="people of the platform and developers of apps" />;
  }
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Apps
        </Title>
        <ActionButton onClick={open} disabledReason={refusal({ platform: 'operator' })}>
          Add app
        </ActionButton>
      </Group>
      <Text size="sm">
        Merchants install an app; its endpoints then receive their events, with a secret of the app's own.
      </Text>
      <PagedTable
        pages={apps}
        rowKey={(app) => app.id}
        empty="No app yet"
        columns={[
          {
            title: 'Name',
            cell: (app) => (
              <Anchor component={Link} to={paths.app(app.id)}>
                <bdi>{app.name}</bdi>
              </Anchor>
            ),
          },
          { title: 'What it does', cell: (app) => <bdi>{app.description}</bdi> },
          { title: 'Added', cell: (app) => <Time at={app.created_at} /> },
        ]}
      />
      {adding && <AppForm onClose={close} />}
    </Stack>
  );
}
