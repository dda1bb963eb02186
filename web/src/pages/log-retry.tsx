import { Button, Group, Paper, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Suspense, lazy } from 'react';
import type { Delivery, DeliveryQuery, Whose } from '../api/deliveries';
import { ActionButton } from '../ui/action-button';
import { useRefusal } from './access';
import { type LogFilter, isFiltered } from './log-filter';
import type { Selection } from './log-table';
import { WRITE_DELIVERIES } from './retry-one';

// Few who read the log retry all of it: its form is no part of the first load.
const RetryMany = lazy(async () => ({ default: (await import('../forms/retry-many')).RetryMany }));

/** As many ids as one bulk retry takes. */
const MOST = 1_000;

/** Retries all that the log's filter shows, read or not. */
export function RetryMatching({
  merchantId,
  filter,
  query,
}: {
  merchantId: Whose;
  filter: LogFilter;
  /** What the rows were asked for with: a bulk retry is about the same stretch of time. */
  query: DeliveryQuery;
}) {
  const refuse = useRefusal({ merchantId });
  const [asking, { open, close }] = useDisclosure();
  return (
    <>
      <ActionButton
        size="compact-sm"
        variant="default"
        disabledReason={
          refuse(WRITE_DELIVERIES) ?? (isFiltered(filter) ? undefined : 'Choose a filter first.')
        }
        onClick={open}
      >
        Retry all that match
      </ActionButton>
      <Suspense>
        {asking && <RetryMany merchantId={merchantId} retried={{ filter: query }} onClose={close} />}
      </Suspense>
    </>
  );
}

/** Retries the rows that were chosen. It stays in view while one scrolls. */
export function RetryChosen({
  merchantId,
  rows,
  selection,
}: {
  merchantId: Whose;
  rows: Delivery[];
  selection: Selection & { clear: () => void };
}) {
  const refuse = useRefusal({ merchantId });
  const [asking, { open, close }] = useDisclosure();
  const chosen = rows.filter(({ id }) => selection.ids.has(id));
  const tooMany =
    chosen.length > MOST ? `At most ${MOST.toLocaleString()} at once; use a filter for more.` : undefined;
  if (chosen.length === 0) return null;
  return (
    <Paper
      withBorder
      p="xs"
      shadow="md"
      pos="sticky"
      bottom={8}
      style={{ zIndex: 2 }}
      role="region"
      aria-label="Chosen deliveries"
    >
      <Group justify="space-between">
        <Text size="sm">{chosen.length.toLocaleString()} chosen</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={selection.clear}>
            Choose none
          </Button>
          <ActionButton size="xs" disabledReason={refuse(WRITE_DELIVERIES) ?? tooMany} onClick={open}>
            Retry chosen
          </ActionButton>
        </Group>
      </Group>
      <Suspense>
        {asking && (
          <RetryMany merchantId={merchantId} retried={{ deliveries: chosen }} onClose={close} />
        )}
      </Suspense>
    </Paper>
  );
}
