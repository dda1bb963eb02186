import { Badge, Group, Text } from '@mantine/core';
import type { components } from '../api/__generated__/schema';
import type { Endpoint } from '../api/endpoints';
import { Time } from '../ui/time';

export type StateName = 'working' | 'paused' | 'failing' | 'disabled';

type Delivery = components['schemas']['Delivery'];
/** How an endpoint does, as its figures tell. */
type Doing = { paused_at?: string | null; last_delivery?: Delivery | null };

/** Where an endpoint stands. `failing_since` is told after a minute of failures only: the last delivery knows before. */
export function stateOf(
  endpoint: Pick<Endpoint, 'enabled' | 'failing_since'>,
  doing: Doing | undefined,
): StateName {
  if (!endpoint.enabled) return 'disabled';
  if (doing?.paused_at) return 'paused';
  return endpoint.failing_since || failureOf(doing?.last_delivery) ? 'failing' : 'working';
}

/** How a delivery went, when its last attempt failed. */
export function failureOf(delivery: Delivery | null | undefined) {
  const outcome = delivery?.last_outcome;
  return outcome && outcome !== 'success'
    ? { outcome, http_status: delivery.last_http_status }
    : undefined;
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
  doing,
  since,
}: {
  endpoint: Endpoint;
  doing?: Doing;
  since?: boolean;
}) {
  const state = stateOf(endpoint, doing);
  const { color, sign } = LOOK[state];
  const at = {
    disabled: endpoint.disabled_at,
    paused: doing?.paused_at,
    failing: endpoint.failing_since,
    working: null,
  }[state];
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
