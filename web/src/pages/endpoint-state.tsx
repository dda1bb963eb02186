import { Badge, Group, Text } from '@mantine/core';
import type { Endpoint } from '../api/endpoints';
import { Time } from '../ui/time';

export type StateName = 'working' | 'paused' | 'failing' | 'disabled';

/** Where an endpoint stands. */
export function stateOf(
  endpoint: Pick<Endpoint, 'enabled' | 'failing_since'>,
  pausedAt?: string | null,
): StateName {
  if (!endpoint.enabled) return 'disabled';
  if (pausedAt) return 'paused';
  return endpoint.failing_since ? 'failing' : 'working';
}

const LOOK: Record<StateName, { color: string; sign: string }> = {
  working: { color: 'green', sign: '✓' },
  paused: { color: 'blue', sign: '‖' },
  failing: { color: 'orange', sign: '!' },
  disabled: { color: 'gray', sign: '–' },
};

export const DISABLED_BECAUSE: Record<NonNullable<Endpoint['disabled_reason']>, string> = {
  manual: 'by hand',
  failing: 'after only failures',
  gone: 'it answered 410',
};

/** The state in a word and a sign; with `since`, why and since when too. */
export function EndpointState({
  endpoint,
  pausedAt,
  since,
}: {
  endpoint: Endpoint;
  pausedAt?: string | null;
  since?: boolean;
}) {
  const state = stateOf(endpoint, pausedAt);
  const { color, sign } = LOOK[state];
  const at = { disabled: endpoint.disabled_at, paused: pausedAt, failing: endpoint.failing_since, working: null }[
    state
  ];
  return (
    <Group gap={6}>
      <Badge variant="light" color={color} leftSection={<span aria-hidden>{sign}</span>} miw="fit-content">
        {state}
      </Badge>
      {since && at && (
        <Text size="sm" span>
          {state === 'disabled' && endpoint.disabled_reason && DISABLED_BECAUSE[endpoint.disabled_reason]}{' '}
          {state !== 'disabled' && 'since'} <Time at={at} />
        </Text>
      )}
    </Group>
  );
}
