import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import type { Delivery, DeliveryQuery, Whose } from '../api/deliveries';
import { RetryMany, type Retried } from '../forms/retry-many';
import { ActionButton } from '../ui/action-button';
import { useRefusal } from './access';
import { type LogFilter, isFiltered } from './log-filter';
import type { Selection } from './log-table';
import { WRITE_DELIVERIES } from './retry-one';

/** As many ids as one bulk retry takes. */
const MOST = 1_000;

/** Bulk retries of what the log shows: what was chosen, or all that matches. */
export function LogRetry({
  merchantId,
  filter,
  query,
  rows,
  selection,
}: {
  merchantId: Whose;
  filter: LogFilter;
  /** What the rows were asked for with: a bulk retry is about the same stretch of time. */
  query: DeliveryQuery;
  rows: Delivery[];
  selection: Selection & { clear: () => void };
}) {
  const refuse = useRefusal({ merchantId });
  const [asking, setAsking] = useState<Retried>();
  const denied = refuse(WRITE_DELIVERIES);
  const chosen = rows.filter(({ id }) => selection.ids.has(id));
  const tooMany =
    chosen.length > MOST ? `At most ${MOST.toLocaleString()} at once; use a filter for more.` : undefined;
  return (
    <>
      <Group gap="xs">
        <ActionButton
          size="xs"
          variant="default"
          disabledReason={denied ?? (isFiltered(filter) ? undefined : 'Choose a filter first.')}
          onClick={() => setAsking({ filter: query })}
        >
          Retry all that match
        </ActionButton>
      </Group>
      {chosen.length > 0 && (
        <Paper withBorder p="xs" shadow="md" pos="sticky" bottom={8} style={{ zIndex: 2, order: 1 }} role="region" aria-label="Chosen deliveries">
          <Group justify="space-between">
            <Text size="sm">{chosen.length.toLocaleString()} chosen</Text>
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={selection.clear}>
                Choose none
              </Button>
              <ActionButton
                size="xs"
                disabledReason={denied ?? tooMany}
                onClick={() => setAsking({ deliveries: chosen })}
              >
                Retry chosen
              </ActionButton>
            </Group>
          </Group>
        </Paper>
      )}
      {asking && (
        <RetryMany merchantId={merchantId} retried={asking} onClose={() => setAsking(undefined)} />
      )}
    </>
  );
}
