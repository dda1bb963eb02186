import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { ms } from '../ui/span';
import { TimeChart } from '../ui/time-chart';
import type { PlatformStats } from './platform-stats';

/** The distance of two points of what is due, in seconds. */
const MINUTE = 60;

/** What timers are due soon, and how many have fired in a range, how late. */
export function TimerCharts({ stats }: { stats: PlatformStats }) {
  return (
    <Stack component="section" aria-labelledby="timers">
      <Title order={2} size="h4" id="timers">
        Timers
      </Title>
      <Text size="sm">
        Abandoned checkouts and sessions wait on these: one that fires late tells a merchant late.{' '}
        {fired(stats.totals)}
      </Text>
      <TimeChart
        title="Due in the next 15 minutes"
        kind="bars"
        rows={stats.upcoming_timers}
        stepSeconds={MINUTE}
        series={[{ name: 'timers', label: 'Timers', color: 'cyan.7' }]}
        empty="No timer is due in the next 15 minutes."
        isAhead
      />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <TimeChart
          title="Timers fired"
          kind="bars"
          rows={stats.series}
          stepSeconds={stats.step_seconds}
          series={[{ name: 'timers', label: 'Timers', color: 'cyan.7' }]}
          empty="No timer has fired in this time."
        />
        <TimeChart
          title="How late they fired"
          kind="lines"
          rows={stats.series}
          stepSeconds={stats.step_seconds}
          format={ms}
          series={[
            { name: 'late_p50_ms', label: 'Half, at most', color: 'cyan.7' },
            { name: 'late_p99_ms', label: '99 of 100, at most', color: 'red.7' },
          ]}
          empty="No timer has fired in this time."
        />
      </SimpleGrid>
    </Stack>
  );
}

/** What has fired, in a sentence. */
export function fired(totals: Pick<PlatformStats['totals'], 'timers' | 'late_p99_ms'>): string {
  const { timers, late_p99_ms } = totals;
  if (timers === 0) return 'None has fired in this time.';
  const count = timers === 1 ? '1 has fired' : `${timers.toLocaleString()} have fired`;
  return late_p99_ms === null ? `${count}.` : `${count}, 99 of 100 at most ${ms(late_p99_ms)} late.`;
}
