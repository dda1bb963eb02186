import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { type Delivery, retryDelivery } from '../api/deliveries';
import { words } from '../api/errors';
import { type Least, useRefusal } from './access';
import { keepDelivery } from './delivery-cache';

export const WRITE_DELIVERIES: Least = { platform: 'operator', merchant: 'developer' };

/** Why a delivery cannot be retried now; nothing where it can. */
export function noRetry(delivery: Delivery): string | undefined {
  if (delivery.is_test) return 'A test is sent once. Send another from its endpoint.';
  if (delivery.status === 'delivering') return 'An attempt is under way.';
  if (delivery.status === 'pending') return 'Its attempt is due already.';
  return undefined;
}

type Retry = {
  /** Retries it, or asks first where it has succeeded. */
  retry: (delivery: Delivery) => void;
  isPending: boolean;
  refusal: (delivery: Delivery) => string | undefined;
  /** The question; to be drawn by who retries. */
  dialog: ReactNode;
};

/** Retries of single deliveries. */
export function useRetry(merchantId: string | undefined, onRetried: (delivery: Delivery) => void): Retry {
  const client = useQueryClient();
  const refuse = useRefusal({ merchantId });
  const [asking, setAsking] = useState<Delivery>();
  const run = useMutation({
    mutationFn: retryDelivery,
    onSuccess: (fresh) => {
      keepDelivery(client, fresh);
      onRetried(fresh);
    },
    onError: (error) => notifications.show({ color: 'red', message: words(error) }),
  });
  const refusal = (delivery: Delivery) => refuse(WRITE_DELIVERIES) ?? noRetry(delivery);
  return {
    isPending: run.isPending,
    refusal,
    retry: (delivery) => {
      const why = refusal(delivery);
      if (why) notifications.show({ message: why });
      else if (delivery.status === 'succeeded') setAsking(delivery);
      else if (!run.isPending) run.mutate(delivery);
    },
    dialog: (
      <Modal
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title="Send again what has succeeded?"
      >
        <Stack>
          <Text size="sm">
            The endpoint took this delivery. It gets the same event id and the same bytes once more; a
            receiver that does not tell repeats by the event id does its work twice.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(undefined)}>
              Leave it
            </Button>
            <Button
              onClick={() => {
                if (asking) run.mutate(asking);
                setAsking(undefined);
              }}
            >
              Send again
            </Button>
          </Group>
        </Stack>
      </Modal>
    ),
  };
}
