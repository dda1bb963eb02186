import { Alert, Button, Checkbox, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { type Delivery, type Whose, createRetryJob } from '../api/deliveries';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { Failed, Loading } from '../ui/states';
import { estimateWords } from './estimate';

type Filter = components['schemas']['RetryFilter'];

/** What a bulk retry is about: chosen deliveries, or all that a filter of the log shows. */
export type Retried = { deliveries: Delivery[]; filter?: undefined } | { filter: Filter; deliveries?: undefined };

/** Counts what a bulk retry is about, asks, and begins it. */
export function RetryMany({
  merchantId,
  retried,
  onClose,
}: {
  merchantId: Whose;
  retried: Retried;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [rate, setRate] = useState<number>();
  const [again, setAgain] = useState(false);
  const body = {
    delivery_ids: retried.deliveries?.map(({ id }) => id),
    filter: retried.filter,
    include_succeeded: again,
  };
  const estimate = useQuery({
    queryKey: ['estimate', merchantId, body],
    gcTime: 0,
    staleTime: 0,
    placeholderData: keepPreviousData,
    queryFn: () => createRetryJob(merchantId, { ...body, dry_run: true }),
  });
  const speed = rate ?? estimate.data?.rate ?? 1;
  const begin = useMutation({
    mutationFn: () => createRetryJob(merchantId, { ...body, rate: speed }),
    onSuccess: async ({ id }) => {
      await navigate(merchantId ? paths.retryJob(merchantId, id ?? '') : paths.anyRetryJob(id ?? ''));
      // Logs are kept for the way back; much of them changes now.
      client.removeQueries({ queryKey: ['deliveries'] });
    },
  });
  const count = estimate.data?.estimate ?? 0;
  const endpoints = estimate.data?.endpoints ?? undefined;
  return (
    <Modal opened onClose={onClose} title="Retry these deliveries">
      <Stack>
        {estimate.isPending && <Loading rows={2} />}
        {estimate.isError && !estimate.data && <Failed error={estimate.error} retry={() => estimate.refetch()} />}
        {estimate.data && (
          <>
            <Text fw={600} aria-live="polite">
              {estimateWords({ count, rate: speed, endpoints })}
            </Text>
            <NumberInput
              label="Attempts a second"
              description="New events do not wait behind them."
              min={1}
              max={10_000}
              value={speed}
              onChange={(value) => setRate(Number(value) || undefined)}
            />
            <Checkbox
              label="Also send again what has succeeded"
              description="Left out otherwise: the endpoint has taken it."
              checked={again}
              onChange={(event) => setAgain(event.currentTarget.checked)}
            />
            <Text size="sm">
              Receivers get the same event ids and bytes again, and must tell repeats by the event id. What
              is under way, and what goes to a disabled endpoint, is passed over. Tests are never retried.
            </Text>
          </>
        )}
        {begin.isError && (
          <Alert color="red" role="alert">
            {words(begin.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button
            disabled={count === 0 || estimate.isFetching}
            loading={begin.isPending}
            onClick={() => begin.mutate()}
          >
            Retry
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
