import { Group, Paper, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { Suspense, lazy, useState } from 'react';
import { Loading } from './states';
import { type Zone, exactly, inZone, useZone, zoneName } from './zone';

// The chart library is larger than all the rest: it comes when there is a chart to draw.
const Drawing = lazy(async () => ({ default: (await import('./time-chart-drawing')).Drawing }));

export type ChartRow = { at: string } & Record<string, string | number | null>;
export type ChartSeries = { name: string; label: string; color: string };
export type ChartProps = {
  title: string;
  rows: ChartRow[];
  series: ChartSeries[];
  /** Bars that add up, or lines. */
  kind: 'bars' | 'lines';
  /** The distance of two rows. */
  stepSeconds: number;
  /** A value as it is read. */
  format?: (value: number) => string;
  /** What is said where there is nothing to show. */
  empty?: string;
  /** Rows of the future: the soonest is read first. */
  isAhead?: boolean;
};

/** What happened over time, as a chart or as the table behind it. */
export function TimeChart({ empty = 'Nothing in this time.', ...rest }: ChartProps) {
  const [isTable, setIsTable] = useState(false);
  const zone = useZone();
  const props = { ...rest, empty };
  const isEmpty = props.rows.every((row) => props.series.every(({ name }) => !row[name]));
  return (
    <Paper withBorder p="md" component="section" aria-label={props.title}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={3} size="h5">
            {props.title}
          </Title>
          <SegmentedControl
            size="xs"
            aria-label={`How to show ${props.title.toLowerCase()}`}
            data={['Chart', 'Table']}
            value={isTable ? 'Table' : 'Chart'}
            onChange={(value) => setIsTable(value === 'Table')}
          />
        </Group>
        {isTable && <Values {...props} />}
        {!isTable && isEmpty && <Text size="sm">{empty}</Text>}
        {!isTable && !isEmpty && (
          <Suspense fallback={<Loading rows={4} />}>
            <Drawing {...props} />
          </Suspense>
        )}
        {zone !== 'local' && (
          <Text size="xs" c="dimmed">
            Times of {zoneName(zone)}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

const plain = (value: number) => value.toLocaleString();

/** The same in figures, the newest first, or the soonest; times without anything are left out. */
function Values({ title, rows, series, stepSeconds, format = plain, empty, isAhead }: ChartProps) {
  const zone = useZone();
  const some = rows.filter((row) => series.some(({ name }) => row[name]));
  const told = isAhead ? some : some.toReversed();
  return (
    <Table.ScrollContainer minWidth={300} maxHeight={280} tabIndex={0} role="region" aria-label={`${title}, table`}>
      <Table stickyHeader verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>From</Table.Th>
            {series.map(({ name, label }) => (
              <Table.Th key={name}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {told.map((row) => (
            <Table.Tr key={row.at}>
              <Table.Td title={exactly(row.at, zone)}>{tick(row.at, stepSeconds, zone)}</Table.Td>
              {series.map(({ name }) => (
                <Table.Td key={name}>{row[name] === null ? '–' : format(Number(row[name]))}</Table.Td>
              ))}
            </Table.Tr>
          ))}
          {told.length === 0 && (
            <Table.Tr>
              <Table.Td colSpan={series.length + 1}>{empty}</Table.Td>
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A time on an axis: as exact as the distance of its neighbours asks for. */
export function tick(at: string, stepSeconds: number, zone: Zone): string {
  const moment = new Date(at);
  // The chart asks before it has a time.
  if (Number.isNaN(moment.getTime())) return '';
  const day = { month: 'short', day: 'numeric' } as const;
  const time = { hour: '2-digit', minute: '2-digit', hour12: false } as const;
  const shown = stepSeconds >= 86_400 ? day : stepSeconds > 3_600 ? { ...day, ...time } : time;
  return new Intl.DateTimeFormat(undefined, {
    ...shown,
    ...inZone(zone),
  }).format(moment);
}
