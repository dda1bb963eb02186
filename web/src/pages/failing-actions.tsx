import { Group, Stack, Text, Textarea } from '@mantine/core';
import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, data } from '../api/client';
import { endpointKey, endpointsOf, ownerOf } from '../api/endpoints';
import { ActionButton } from '../ui/action-button';
import { Confirm } from '../ui/confirm';
import { useRefusal } from './access';
import { type Failing, effect } from './failing';

type Asked = 'acknowledge' | 'withdraw' | 'resolve';

const NOTE = 500;

const refresh = (client: QueryClient) => client.invalidateQueries({ queryKey: ['platform-stats'] });

/** What operators do about an endpoint that fails: say that they look after it, or that it works again. */
export function FailingActions({ failing }: { failing: Failing }) {
  const [asked, setAsked] = useState<Asked>();
  const refused = useRefusal()({ platform: 'operator' });
  const { endpoint, acknowledged } = failing;
  const first: Asked = acknowledged ? 'withdraw' : 'acknowledge';
  const close = () => setAsked(undefined);
  const Dialog = asked && DIALOGS[asked];
  return (
    <>
      <Group gap={4} wrap="nowrap">
        {[first, 'resolve' as const].map((action) => (
          <ActionButton
            key={action}
            size="compact-sm"
            variant="default"
            aria-label={`${NAMES[action]}: ${endpoint.url}`}
            disabledReason={refused}
            onClick={() => setAsked(action)}
          >
            {NAMES[action]}
          </ActionButton>
        ))}
      </Group>
      {Dialog && <Dialog failing={failing} onClose={close} />}
    </>
  );
}

const NAMES: Record<Asked, string> = {
  acknowledge: 'Acknowledge',
  withdraw: 'Withdraw',
  resolve: 'Resolve',
};

type DialogProps = { failing: Failing; onClose: () => void };

const DIALOGS: Record<Asked, (props: DialogProps) => ReactNode> = {
  acknowledge: Acknowledge,
  withdraw: Withdraw,
  resolve: Resolve,
};

function Url({ failing }: { failing: Failing }) {
  return <bdi style={{ overflowWrap: 'anywhere' }}>{failing.endpoint.url}</bdi>;
}

function Acknowledge({ failing, onClose }: DialogProps) {
  const client = useQueryClient();
  const [note, setNote] = useState('');
  const path = { endpoint_id: failing.endpoint.id };
  const acknowledge = useMutation({
    mutationFn: () =>
      data(
        api.PUT('/v1/endpoints/{endpoint_id}/acknowledgement', {
          params: { path },
          body: { note: note.trim() },
        }),
      ),
    onSuccess: () => refresh(client).then(onClose),
  });
  return (
    <Confirm
      title="Acknowledge this failure?"
      action="Acknowledge"
      danger={false}
      busy={acknowledge.isPending}
      error={acknowledge.error}
      onClose={onClose}
      onConfirm={() => acknowledge.mutate()}
    >
      <Stack>
        <Text size="sm">
          Others see that you look after <Url failing={failing} />, until it works again. Nothing
          else changes: what is due is still sent.
        </Text>
        <Textarea
          label="Note"
          description="For other people, such as a ticket."
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          maxLength={NOTE}
          autosize
          minRows={2}
          maxRows={8}
          data-autofocus
        />
      </Stack>
    </Confirm>
  );
}

function Withdraw({ failing, onClose }: DialogProps) {
  const client = useQueryClient();
  const path = { endpoint_id: failing.endpoint.id };
  const withdraw = useMutation({
    mutationFn: () =>
      data(api.DELETE('/v1/endpoints/{endpoint_id}/acknowledgement', { params: { path } })),
    onSuccess: () => refresh(client).then(onClose),
  });
  return (
    <Confirm
      title="Withdraw the acknowledgement?"
      action="Withdraw"
      danger={false}
      busy={withdraw.isPending}
      error={withdraw.error}
      onClose={onClose}
      onConfirm={() => withdraw.mutate()}
    >
      <Text size="sm">
        <Url failing={failing} /> is open again: nobody looks after it, and the note is gone.
      </Text>
    </Confirm>
  );
}

function Resolve({ failing, onClose }: DialogProps) {
  const client = useQueryClient();
  const { endpoint, waiting } = failing;
  const owner = ownerOf(endpoint);
  const resolve = useMutation({
    mutationFn: () => endpointsOf(owner).enable(endpoint.id),
    onSuccess: (fresh) => {
      client.setQueryData(endpointKey(owner, endpoint.id), fresh);
      client.invalidateQueries({ queryKey: endpointKey(owner) });
      client.invalidateQueries({ queryKey: ['all-endpoints'] });
      return refresh(client).then(onClose);
    },
  });
  return (
    <Confirm
      title="Resolve this failure?"
      action="Resolve"
      danger={false}
      busy={resolve.isPending}
      error={resolve.error}
      onClose={onClose}
      onConfirm={() => resolve.mutate()}
    >
      <Stack gap="xs">
        <Text size="sm">
          How long <Url failing={failing} /> has failed is forgotten.{' '}
          {effect(endpoint.enabled, waiting)}
        </Text>
        <Text size="sm">If it still fails, it is listed again within minutes.</Text>
      </Stack>
    </Confirm>
  );
}
