import { Badge, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { ActionButton } from '../ui/action-button';
import { Confirm } from '../ui/confirm';
import { PagedTable, usePages } from '../ui/paged';
import { Failed } from '../ui/states';
import { Time } from '../ui/time';
import { useRefusal } from './access';

type App = components['schemas']['App'];

/** The apps there are, and which of them the merchant has installed. */
export function Installations() {
  const { merchantId = '' } = useParams();
  const client = useQueryClient();
  const queryKey = ['installations', merchantId];
  const [removing, setRemoving] = useState<App>();
  const refused = useRefusal({ merchantId })({ platform: 'operator', merchant: 'owner' });
  const apps = usePages<App>(['apps'], (cursor) =>
    data(api.GET('/v1/apps', { params: { query: { cursor } } })),
  );
  const installed = useQuery({
    queryKey,
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/installations', {
          params: { path: { merchant_id: merchantId }, query: { limit: 250 } },
        }),
      ),
  });
  const install = useMutation({
    mutationFn: (app_id: string) =>
      data(
        api.PUT('/v1/merchants/{merchant_id}/installations/{app_id}', {
          params: { path: { merchant_id: merchantId, app_id } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey }),
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
  });
  const since = (app: App) => installed.data?.data.find((one) => one.app_id === app.id)?.installed_at;
  return (
    <Stack>
      <Title order={1} size="h2">
        Apps
      </Title>
      <Text size="sm">From the next event on, the endpoints of an installed app receive what they subscribe to.</Text>
      {installed.isError && !installed.data && <Failed error={installed.error} retry={() => installed.refetch()} />}
      <PagedTable
        pages={apps}
        rowKey={(app) => app.id}
        empty="The platform has no apps yet"
        columns={[
          {
            title: 'App',
            cell: (app) => (
              <>
                <bdi>{app.name}</bdi>
                <Text size="sm" c="dimmed">
                  <bdi>{app.description}</bdi>
                </Text>
              </>
            ),
          },
          { title: 'Installed', cell: (app) => <Installed at={since(app)} /> },
          {
            title: '',
            cell: (app) =>
              installed.data &&
              (since(app) ? (
                <ActionButton
                  size="xs"
                  variant="outline"
                  color="red"
                  aria-label={`Uninstall ${app.name}`}
                  disabledReason={refused}
                  onClick={() => setRemoving(app)}
                >
                  Uninstall
                </ActionButton>
              ) : (
                <ActionButton
                  size="xs"
                  variant="default"
                  aria-label={`Install ${app.name}`}
                  disabledReason={refused}
                  loading={install.isPending && install.variables === app.id}
                  onClick={() => install.mutate(app.id)}
                >
                  Install
                </ActionButton>
              )),
          },
        ]}
      />
      {removing && (
        <Uninstall
          merchantId={merchantId}
          app={removing}
          queryKey={queryKey}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Stack>
  );
}

function Installed({ at }: { at: string | undefined }) {
  if (!at) return <Text size="sm">no</Text>;
  return (
    <>
      <Badge variant="light" color="green" leftSection={<span aria-hidden>✓</span>}>
        installed
      </Badge>{' '}
      <Time at={at} />
    </>
  );
}

function Uninstall({
  merchantId,
  app,
  queryKey,
  onClose,
}: {
  merchantId: string;
  app: App;
  queryKey: string[];
  onClose: () => void;
}) {
  const client = useQueryClient();
  const uninstall = useMutation({
    mutationFn: () =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/installations/{app_id}', {
          params: { path: { merchant_id: merchantId, app_id: app.id } },
        }),
      ),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey });
    },
  });
  return (
    <Confirm
      title="Uninstall this app?"
      action="Uninstall"
      busy={uninstall.isPending}
      error={uninstall.error}
      onConfirm={() => uninstall.mutate()}
      onClose={onClose}
    >
      <Text size="sm">
        <bdi>{app.name}</bdi> receives nothing more of this merchant, and what waits for it is cancelled. Its
        endpoints that subscribe to app/uninstalled are told, last of all.
      </Text>
    </Confirm>
  );
}
