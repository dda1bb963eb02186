import { Anchor, Badge, Button, Code, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { type Delivery, cancelDelivery } from '../api/deliveries';
import type { Endpoint } from '../api/endpoints';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { Due } from '../ui/due';
import { SKIPS } from '../ui/outcomes';
import { StatusBadge } from '../ui/status';
import { Time } from '../ui/time';
import { useRefusal } from './access';
import { keepDelivery } from './delivery-cache';
import { KeptUntil } from './log-kept';
import { WRITE_DELIVERIES } from './retry-one';

type Retry = { onRetry: () => void; isPending: boolean; refusal: string | undefined };

/** What a delivery is, where it stands, and what can be done with it. */
export function DeliveryHead({
  delivery,
  endpoint,
  retry,
  children,
}: {
  delivery: Delivery;
  endpoint: Endpoint | undefined;
  retry: Retry;
  children: ReactNode;
}) {
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="flex-start">
        <Group gap="sm">
          <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
            <bdi>{delivery.event_type}</bdi>
          </Title>
          <span role="status" aria-label="Status">
            <StatusBadge status={delivery.status} />
          </span>
          {delivery.is_test && (
            <Badge color="gray" variant="outline">
              test
            </Badge>
          )}
        </Group>
        <Group gap="xs">
          {children}
          <Cancel delivery={delivery} />
          <ActionButton onClick={retry.onRetry} loading={retry.isPending} disabledReason={retry.refusal}>
            {delivery.status === 'retrying' ? 'Retry now' : 'Retry'}
          </ActionButton>
        </Group>
      </Group>
      <Facts delivery={delivery} endpoint={endpoint} />
      <Standing delivery={delivery} endpoint={endpoint} />
    </Stack>
  );
}

function Facts({ delivery, endpoint }: { delivery: Delivery; endpoint: Endpoint | undefined }) {
  return (
    <Group gap="2px 20px">
      <Fact label="Event">
        <Code>{delivery.event_id}</Code>
        <Copy text={delivery.event_id} what="event id" />
      </Fact>
      <Fact label="Delivery">
        <Code>{delivery.id}</Code>
        <Copy text={delivery.id} what="delivery id" />
      </Fact>
      <Fact label="Endpoint">
        {endpoint ? (
          <Anchor
            component={Link}
            size="sm"
            to={paths.endpoint(delivery.merchant_id, endpoint.id)}
            style={{ overflowWrap: 'anywhere' }}
          >
            <bdi>{endpoint.url}</bdi>
          </Anchor>
        ) : (
          <Code>{delivery.endpoint_id}</Code>
        )}
      </Fact>
      <Fact label="Taken in">
        <Text size="sm" span>
          <Time at={delivery.created_at} />
        </Text>
      </Fact>
      <Fact label="Kept until">
        <Text size="sm" span>
          <KeptUntil takenIn={delivery.created_at} hasEnded={delivery.finished_at !== null} />
        </Text>
      </Fact>
    </Group>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group gap={6} wrap="nowrap" mih={28} miw={0}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      {children}
    </Group>
  );
}

/** Where it stands, in a sentence. */
function Standing({ delivery, endpoint }: { delivery: Delivery; endpoint: Endpoint | undefined }) {
  const { status, skip_reason: skip, next_attempt_at: due } = delivery;
  if (skip) {
    return (
      <Text size="sm">
        {SKIPS[skip].meaning} {SKIPS[skip].todo}
      </Text>
    );
  }
  if (endpoint && !endpoint.enabled && (status === 'pending' || status === 'retrying')) {
    return (
      <Text size="sm">It waits: its endpoint is disabled. After 72 hours of that it is skipped.</Text>
    );
  }
  if (due && status === 'retrying') {
    return (
      <Text size="sm">
        Next attempt: <Due at={due} />.
      </Text>
    );
  }
  if (status === 'failed') {
    return <Text size="sm">No further attempt is planned. It can be retried by hand.</Text>;
  }
  return null;
}

function Cancel({ delivery }: { delivery: Delivery }) {
  const client = useQueryClient();
  const refuse = useRefusal({ merchantId: delivery.merchant_id });
  const [asking, { open, close }] = useDisclosure();
  const cancel = useMutation({
    mutationFn: () => cancelDelivery(delivery),
    onSuccess: (fresh) => keepDelivery(client, fresh),
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
    onSettled: close,
  });
  if (delivery.status !== 'pending' && delivery.status !== 'retrying') return null;
  return (
    <>
      <ActionButton variant="default" onClick={open} disabledReason={refuse(WRITE_DELIVERIES)}>
        Cancel
      </ActionButton>
      <Modal opened={asking} onClose={close} title="Cancel this delivery?">
        <Stack>
          <Text size="sm">
            The endpoint gets no further attempt of this event. It can be retried by hand later.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Leave it
            </Button>
            <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel the delivery
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
