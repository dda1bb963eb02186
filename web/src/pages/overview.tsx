import { Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerPause } from '@tabler/icons-react';
import { PauseCreate } from '../forms/pause-create';
import { ActionButton } from '../ui/action-button';
import { Figure } from '../ui/figure';
import { Forbidden } from '../ui/forbidden';
import { answer } from '../ui/outcomes';
import { ms } from '../ui/span';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { TimeChart } from '../ui/time-chart';
import { useRefusal } from './access';
import { Counts } from './endpoint-charts';
import { errorRate, percent } from './endpoint-stats';
import { FailingEndpoints } from './failing-endpoints';
import { useFilter } from './filter';
import { useMe } from './me';
import { PLATFORM_RANGES, type PlatformStats, usePlatformStats } from './platform-stats';
import { TimerCharts } from './timer-charts';

/** What is due for longer than this is late. */
const LATE = 60_000;

/** How the whole platform does. */
export function Overview() {
  const me = useMe();
  const refused = useRefusal();
  const [asking, { open, close }] = useDisclosure();
  const filter = useFilter('range');
  const range = PLATFORM_RANGES.find(({ value }) => value === filter.values.range)?.value ?? '1h';
  const isPlatform = me.data?.platform_role != null;
  const stats = usePlatformStats(range, isPlatform);
  if (me.data && !isPlatform) return <Forbidden title="Overview" whom="people of the platform" />;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Overview
        </Title>
        <Group>
          <SegmentedControl
            size="xs"
            aria-label="Range"
            data={PLATFORM_RANGES}
            value={range}
            onChange={(range) => filter.set({ range })}
          />
          <ActionButton
            color="red"
            variant="outline"
            leftSection={<IconPlayerPause size={16} aria-hidden />}
            disabledReason={refused({ platform: 'operator' })}
            onClick={open}
          >
            Pause deliveries
          </ActionButton>
        </Group>
      </Group>
      {asking && <PauseCreate onClose={close} />}
      {stats.isPending && <Loading />}
      {stats.isError && !stats.data && <Failed error={stats.error} retry={() => stats.refetch()} />}
      {stats.data && (
        <>
          <Queue queue={stats.data.queue} />
          <FailingEndpoints endpoints={stats.data.failing_endpoints} />
          <Charts stats={stats.data} />
          <TimerCharts stats={stats.data} />
          <EventTypes stats={stats.data} />
          <Text size="sm" c="dimmed">
            Tests are not counted. Figures are a few seconds behind.
          </Text>
        </>
      )}
    </Stack>
  );
}

function isLate(at: string | null): boolean {
  return at !== null && Date.now() - Date.parse(at) > LATE;
}

function Queue({ queue }: { queue: PlatformStats['queue'] }) {
  return (
    <section aria-label="What waits now">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
        <Figure
          name="Due now"
          value={queue.due.toLocaleString()}
          isBad={isLate(queue.oldest_due_at)}
        >
          {queue.oldest_due_at ? (
            <>
              the oldest since <Time at={queue.oldest_due_at} />
            </>
          ) : (
            'nothing waits for us'
          )}
        </Figure>
        <Figure name="In flight" value={queue.in_flight.toLocaleString()}>
          being sent
        </Figure>
        <Figure name="Retries waiting" value={queue.retries_waiting.toLocaleString()}>
          for their time or their endpoint
        </Figure>
        <Figure name="Timers waiting" value={queue.timers_waiting.toLocaleString()}>
          of sessions and checkouts
        </Figure>
        <Figure
          name="Timers overdue"
          value={queue.timers_overdue.toLocaleString()}
          isBad={isLate(queue.oldest_timer_at)}
        >
          {queue.oldest_timer_at ? (
            <>
              the oldest since <Time at={queue.oldest_timer_at} />
            </>
          ) : (
            'all in time'
          )}
        </Figure>
      </SimpleGrid>
    </section>
  );
}

function Charts({ stats }: { stats: PlatformStats }) {
  const { totals } = stats;
  const rate = errorRate(totals);
  const shared = { stepSeconds: stats.step_seconds };
  return (
    <>
      <Text>
        {totals.events.toLocaleString()} events,{' '}
        {(totals.succeeded + totals.failed).toLocaleString()} attempts
        {rate !== null && <>, of which {percent(rate)} failed</>}.
      </Text>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <TimeChart
          {...shared}
          title="Events taken in"
          kind="bars"
          rows={stats.series}
          series={[{ name: 'events', label: 'Events', color: 'cyan.7' }]}
        />
        <TimeChart
          {...shared}
          title="Attempts"
          kind="bars"
          rows={stats.series}
          series={[
            { name: 'succeeded', label: 'Succeeded', color: 'green.7' },
            { name: 'failed', label: 'Failed', color: 'red.7' },
          ]}
        />
        <TimeChart
          {...shared}
          title="Response time of receivers"
          kind="lines"
          rows={stats.series}
          format={ms}
          series={[
            { name: 'p50_ms', label: 'Half, at most', color: 'cyan.7' },
            { name: 'p90_ms', label: '9 of 10, at most', color: 'orange.7' },
            { name: 'p99_ms', label: '99 of 100, at most', color: 'red.7' },
          ]}
        />
        <Counts
          title="By answer"
          head={['Answer', 'Attempts']}
          rows={stats.by_answer.map((one) => [
            answer(one.outcome, one.http_status),
            one.count.toLocaleString(),
          ])}
        />
      </SimpleGrid>
    </>
  );
}

function EventTypes({ stats }: { stats: PlatformStats }) {
  return (
    <Counts
      title="By event type"
      head={['Event type', 'Events', 'Succeeded', 'Failed', 'Error rate']}
      rows={stats.by_event_type.map((one) => [
        one.event_type,
        one.events.toLocaleString(),
        one.succeeded.toLocaleString(),
        one.failed.toLocaleString(),
        percent(errorRate(one) ?? 0),
      ])}
    />
  );
}
