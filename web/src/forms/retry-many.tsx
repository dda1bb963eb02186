import { Alert, Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { Failed, Loading } from '../ui/states';

type Selection = Pick<components['schemas']['CreateRetryJob'], 'delivery_ids' | 'filter'>;

/** Counts what a bulk retry is about, asks, and begins it. */
export function RetryMany({
  merchantId,
  selection,
  onClose,
}: {
  merchantId: string;
  selection: Selection;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const [rate, setRate] = useState<number>();
  const params = { path: { merchant_id: merchantId } };
  const estimate = useQuery({
    queryKey: ['estimate', merchantId, selection],
    gcTime: 0,
    staleTime: 0,
    queryFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/retry-jobs', {
          params,
          body: { ...selection, dry_run: true },
        }),
      ),
  });
  const begin = useMutation({
    mutationFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/retry-jobs', {
          params,
          body: { ...selection, rate: rate ?? estimate.data?.rate },
        }),
      ),
    onSuccess: (job) => navigate(paths.retryJob(merchantId, job.id ?? '')),
  });
  const count = estimate.data?.estimate ?? 0;
  const speed = rate ?? estimate.data?.rate ?? 1;
  return (
    <Modal opened onClose={onClose} title="Retry these deliveries">
      <Stack>
        {estimate.isPending && <Loading rows={2} />}
        {estimate.isError && <Failed error={estimate.error} retry={() => estimate.refetch()} />}
        {estimate.isSuccess && (
          <>
            <Text>
              {count.toLocaleString()} deliveries, at least {Math.ceil(count / speed)} s at {speed} a
              second.
            </Text>
            <Text size="sm">
              What has succeeded is left out. Receivers see the same event ids again. New events do
              not wait behind it.
            </Text>
            <NumberInput
              label="Attempts a second"
              min={1}
              value={speed}
              onChange={(value) => setRate(Number(value) || undefined)}
            />
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
          <Button disabled={count === 0} loading={begin.isPending} onClick={() => begin.mutate()}>
            Retry
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
