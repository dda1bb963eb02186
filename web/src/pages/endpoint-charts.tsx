import {
  Anchor,
  Group,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { answer } from '../ui/outcomes';
import { ms } from '../ui/span';
import { Failed, Loading } from '../ui/states';
import { TimeChart } from '../ui/time-chart';
import { RANGES, type Range, errorRate, percent, useEndpointStats } from './endpoint-stats';
import { EndpointFigures } from './endpoint-figures';
import { useFilter } from './filter';

type Stats = components['schemas']['EndpointStats'];
type Props = { owner: Owner; endpoint: Endpoint };

/** How an endpoint has done: what waits now, figures, charts, and which answers and events they are made of. */
export function EndpointCharts({ owner, endpoint }: Props) {
  const filter = useFilter('range');
  const range = RANGES.find(({ value }) => value === filter.values.range)?.value ?? '24h';
  const stats = useEndpointStats(owner, endpoint.id, range);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          Attempts
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="Range"
          data={RANGES}
          value={range}
          onChange={(value) => filter.set({ range: value as Range })}
        />
      </Group>
      {stats.isPending && <Loading />}
      {stats.isError && !stats.data && <Failed error={stats.error} retry={() => stats.refetch()} />}
      {stats.data && <Charts owner={owner} stats={stats.data} />}
    </Stack>
  );
}

function Charts({ owner, stats }: { owner: Owner; stats: Stats }) {
  const rates = stats.series.map((point) => ({ at: point.at, rate: errorRate(point) }));
  const shared = { stepSeconds: stats.step_seconds };
  return (
    <Stack>
      <EndpointFigures owner={owner} stats={stats} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <TimeChart
          {...shared}
          title="Succeeded and failed"
          kind="bars"
          rows={stats.series}
          series={[
            { name: 'succeeded', label: 'Succeeded', color: 'green.7' },
            { name: 'failed', label: 'Failed', color: 'red.7' },
          ]}
        />
        <TimeChart
          {...shared}
          title="Response time"
          kind="lines"
          rows={stats.series}
          format={ms}
          series={[
            { name: 'p50_ms', label: 'p50', color: 'cyan.7' },
            { name: 'p90_ms', label: 'p90', color: 'orange.7' },
            { name: 'p99_ms', label: 'p99', color: 'red.7' },
          ]}
        />
        <TimeChart
          {...shared}
          title="Error rate"
          kind="lines"
          rows={rates}
          format={percent}
          series={[{ name: 'rate', label: 'Attempts that failed', color: 'red.7' }]}
        />
        <Stack>
          <Answers owner={owner} stats={stats} />
          <Types owner={owner} stats={stats} />
        </Stack>
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        Tests are not counted. Figures are a few seconds behind.
      </Text>
    </Stack>
  );
}

function Answers({ owner, stats }: { owner: Owner; stats: Stats }) {
  const link = (one: Stats['by_answer'][number]) =>
    owner.merchantId === undefined
      ? undefined
      : paths.deliveries(owner.merchantId, {
          endpoint_id: stats.endpoint_id,
          outcome: one.outcome,
          ...(one.http_status && { http_status: String(one.http_status) }),
        });
  return (
    <Counts
      title="By answer"
      head={['Answer', 'Attempts']}
      rows={stats.by_answer.map((one) => [
        <To key="to" to={link(one)}>
          {answer(one.outcome, one.http_status)}
        </To>,
        one.count.toLocaleString(),
      ])}
    />
  );
}

function Types({ owner, stats }: { owner: Owner; stats: Stats }) {
  return (
    <Counts
      title="By event type"
      head={['Event type', 'Succeeded', 'Failed', 'Error rate']}
      rows={stats.by_event_type.map((one) => [
        <To
          key="to"
          to={
            owner.merchantId &&
            paths.deliveries(owner.merchantId, {
              endpoint_id: stats.endpoint_id,
              event_type: one.event_type,
            })
          }
        >
          {one.event_type}
        </To>,
        one.succeeded.toLocaleString(),
        one.failed.toLocaleString(),
        percent(errorRate(one) ?? 0),
      ])}
    />
  );
}

function To({ to, children }: { to: string | undefined; children: ReactNode }) {
  return to ? (
    <Anchor component={Link} size="sm" to={to}>
      {children}
    </Anchor>
  ) : (
    <Text size="sm">{children}</Text>
  );
}

export function Counts({
  title,
  head,
  rows,
}: {
  title: string;
  head: string[];
  rows: ReactNode[][];
}) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={3} size="h5" mb="xs">
        {title}
      </Title>
      {rows.length === 0 ? (
        <Text size="sm">Nothing in this time.</Text>
      ) : (
        <Table.ScrollContainer
          minWidth={head.length * 100}
          // Who has no mouse scrolls it, too.
          scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'group', 'aria-label': `${title}, table` } }}
        >
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                {head.map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((cells, row) => (
                // They come in an order of their own and are all replaced at once.
                <Table.Tr key={row}>
                  {cells.map((cell, column) => (
                    <Table.Td key={head[column]}>{cell}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}
