import { Anchor, Badge, Group, SegmentedControl, Spoiler, Stack, Text, Timeline } from '@mantine/core';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { JsonView } from '../ui/json-view';
import { useEndpoints } from './endpoints';

type Step = components['schemas']['SimulationStep'] & { payload: string | undefined };
export type Simulated = Step[];

const SIGNS: Record<Step['kind'], { color: string; name: string }> = {
  activity: { color: 'gray', name: 'The shopper' },
  state: { color: 'cyan', name: 'State' },
  timer: { color: 'orange', name: 'Timer' },
  event: { color: 'green', name: 'Event' },
};

type Props = {
  simulated: Simulated;
  merchantId: string;
  eventsOnly: boolean;
  onShow: (eventsOnly: boolean) => void;
};

/** What came of a script: a timeline of its own clock. */
export function Simulation({ simulated, merchantId, eventsOnly, onShow }: Props) {
  const events = simulated.filter((step) => step.event);
  const shown = eventsOnly ? events : simulated;
  return (
    <Stack>
      <Group justify="space-between">
        <Text fw={600} role="status">
          {events.length === 0 && 'No event would fire.'}
          {events.length === 1 && '1 event would fire.'}
          {events.length > 1 && `${events.length} events would fire.`}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="What to show"
          data={[
            { value: 'all', label: 'Everything' },
            { value: 'events', label: 'Events only' },
          ]}
          value={eventsOnly ? 'events' : 'all'}
          onChange={(value) => onShow(value === 'events')}
        />
      </Group>
      <Timeline active={shown.length} bulletSize={14} lineWidth={2}>
        {shown.map((step, index) => (
          <Timeline.Item
            // Steps have no id; their order does not change.
            key={`${step.at} ${index}`}
            color={SIGNS[step.kind].color}
            title={
              <Text fw={step.kind === 'activity' ? 400 : 600}>
                <bdi>{step.text}</bdi>
              </Text>
            }
          >
            <Text size="sm" c="dimmed">
              <time dateTime={step.at}>{clock(step.at, simulated[0]?.at)}</time> UTC · {SIGNS[step.kind].name}
              {step.subject && (
                <>
                  {' '}
                  · <bdi>{step.subject}</bdi>
                </>
              )}
            </Text>
            {step.event && <Fired step={step} merchantId={merchantId} />}
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}

/** An event: who of the merchant would get it, and what. */
function Fired({ step, merchantId }: { step: Step; merchantId: string }) {
  const endpoints = useEndpoints(merchantId).data?.data ?? [];
  const takers = endpoints.filter((one) => one.event_types.includes(step.type));
  return (
    <Stack gap={4} mt={4}>
      {step.event && !step.event.subscribed && (
        <Badge variant="light" color="gray">
          the script does not subscribe to it
        </Badge>
      )}
      <Text size="sm">
        {takers.length === 0
          ? "None of this merchant's endpoints takes it."
          : 'Of this merchant it would go to '}
        {takers.map((endpoint, index) => (
          <span key={endpoint.id}>
            {index > 0 && ', '}
            <Anchor component={Link} size="sm" to={paths.endpoint(merchantId, endpoint.id)}>
              <bdi>{endpoint.url}</bdi>
            </Anchor>
            {!endpoint.enabled && ' (disabled)'}
          </span>
        ))}
      </Text>
      {step.payload && (
        <Spoiler maxHeight={0} showLabel="Payload" hideLabel="Hide payload">
          <JsonView text={step.payload} label={`Payload of ${step.type}`} />
        </Spoiler>
      )}
    </Stack>
  );
}

/** The time on the script's own clock, with its day where that is not the first. */
function clock(at: string, first: string | undefined): string {
  const [day, time] = [at.slice(0, 10), at.slice(11, 19)];
  return day === first?.slice(0, 10) ? time : `${day} ${time}`;
}
