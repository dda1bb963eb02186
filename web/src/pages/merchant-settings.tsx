import { Alert, Button, Code, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { useNavigate, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { Failure, words } from '../api/errors';
import { MerchantFields, merchantOf } from '../forms/merchant-fields';
import { paths } from '../path-builder';
import { Confirm } from '../ui/confirm';
import { Copy } from '../ui/copy';
import { Forbidden } from '../ui/forbidden';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useMe, useMerchant } from './me';
import { roleIn } from './nav-links';

type Merchant = components['schemas']['Merchant'];

/** What a merchant is, and whether it is served. */
export function MerchantSettings() {
  const { merchantId = '' } = useParams();
  const me = useMe();
  const merchant = useMerchant(merchantId);
  if (!me.data || merchant.isPending) return <Loading />;
  if (!merchant.data) return <Failed error={merchant.error} retry={() => merchant.refetch()} />;
  const role = me.data.platform_role;
  const operates = role === 'admin' || role === 'operator';
  if (!operates && roleIn(me.data, merchantId) !== 'owner')
    return <Forbidden title="Settings" whom="the merchant's owners and the platform's operators" />;
  return (
    <Stack maw={720}>
      <Title order={1} size="h2">
        Settings
      </Title>
      <Group gap="xs">
        <Code>{merchantId}</Code>
        <Copy text={merchantId} what="merchant id" />
        <Text size="sm">
          added <Time at={merchant.data.created_at} />, changed{' '}
          <Time at={merchant.data.updated_at} />
        </Text>
      </Group>
      <Edit key={merchantId} merchant={merchant.data} />
      {operates && <Suspension merchant={merchant.data} />}
      {role === 'admin' && <Deletion merchant={merchant.data} />}
    </Stack>
  );
}

/** Changes a merchant, wherever it is shown. */
function useUpdate(merchant: Merchant, done: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['UpdateMerchant']) =>
      data(
        api.PATCH('/v1/merchants/{merchant_id}', {
          params: { path: { merchant_id: merchant.id } },
          body,
        }),
      ),
    onSuccess: (fresh) => {
      client.setQueryData(['merchant', merchant.id], fresh);
      client.invalidateQueries({ queryKey: ['merchants'] });
      client.invalidateQueries({ queryKey: ['merchant-names'] });
      notifications.show({ message: done });
    },
  });
}

function Edit({ merchant }: { merchant: Merchant }) {
  const update = useUpdate(merchant, 'The merchant is saved');
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    update.mutate(merchantOf(new FormData(event.currentTarget), merchant));
  }
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit}>
      <Stack>
        {update.isError && (
          <Alert color="red" role="alert">
            {words(update.error)}
          </Alert>
        )}
        <MerchantFields
          known={merchant}
          failure={update.error instanceof Failure ? update.error : undefined}
        />
        <Button type="submit" loading={update.isPending} w="fit-content">
          Save
        </Button>
      </Stack>
    </Paper>
  );
}

function Suspension({ merchant }: { merchant: Merchant }) {
  const [asking, { open, close }] = useDisclosure();
  const { suspended } = merchant;
  const update = useUpdate(
    merchant,
    suspended ? 'The merchant is served again' : 'The merchant is suspended',
  );
  return (
    <Paper withBorder p="md">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h4">
          {suspended ? 'Suspended' : 'Suspend'}
        </Title>
        <Text size="sm">
          {suspended
            ? 'Its events are refused and its deliveries wait.'
            : 'While a merchant is suspended, its events are refused and its deliveries wait.'}
        </Text>
        <Button variant="default" onClick={open}>
          {suspended ? 'Resume' : 'Suspend'}
        </Button>
      </Stack>
      {asking && (
        <Confirm
          title={suspended ? 'Serve this merchant again?' : 'Suspend this merchant?'}
          action={suspended ? 'Resume' : 'Suspend'}
          danger={!suspended}
          busy={update.isPending}
          error={update.error}
          onClose={close}
          onConfirm={() => update.mutate({ suspended: !suspended }, { onSuccess: close })}
        >
          <Text size="sm">
            {suspended ? (
              <>
                Deliveries of <bdi>{merchant.name}</bdi> that waited go out, oldest first. Events
                that were refused meanwhile are lost unless their senders send them again.
              </>
            ) : (
              <>
                From now on events of <bdi>{merchant.name}</bdi> are refused: their senders get an
                error. Deliveries and retries wait until it is resumed. What is being sent finishes.
              </>
            )}
          </Text>
        </Confirm>
      )}
    </Paper>
  );
}

function Deletion({ merchant }: { merchant: Merchant }) {
  const [asking, { open, close }] = useDisclosure();
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}', {
          params: { path: { merchant_id: merchant.id } },
        }),
      ),
    onSuccess: () => {
      navigate(paths.merchants());
      client.invalidateQueries({ queryKey: ['merchants'] });
      client.invalidateQueries({ queryKey: ['merchant-names'] });
    },
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h4">
          Delete
        </Title>
        <Text size="sm">
          Its endpoints go with it, and what waits for them is cancelled. Its log ages out.
        </Text>
        <Button variant="outline" color="red" onClick={open}>
          Delete
        </Button>
      </Stack>
      {asking && (
        <Confirm
          title="Delete this merchant?"
          action="Delete for good"
          typed={merchant.name}
          busy={remove.isPending}
          error={remove.error}
          onClose={close}
          onConfirm={() => remove.mutate()}
        >
          <Text size="sm">
            Its endpoints and their secrets are deleted with it, its people lose their way in, and
            every delivery that waits is cancelled. This cannot be undone.
          </Text>
        </Confirm>
      )}
    </Paper>
  );
}
