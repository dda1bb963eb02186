import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import { type ChartProps, tick } from './time-chart';
import { useZone } from './zone';

/** The drawing of a chart over time. */
export function Drawing({ title, rows, series, kind, stepSeconds, format }: ChartProps) {
  const zone = useZone();
  // A line needs two points next to each other: where there are few, each is shown.
  const points = rows.filter((row) => series.some(({ name }) => row[name] !== null)).length;
  const shared = {
    h: 220,
    data: rows,
    dataKey: 'at',
    series,
    withLegend: true,
    valueFormatter: format ?? ((value: number) => value.toLocaleString()),
    xAxisProps: { tickFormatter: (at: string) => tick(at, stepSeconds, zone), minTickGap: 32 },
    yAxisProps: { width: 64, allowDecimals: format !== undefined },
    tooltipProps: { labelFormatter: (at: unknown) => tick(String(at), stepSeconds, zone) },
    // What it shows is read in the table.
    'aria-label': `${title}, chart`,
    role: 'img',
  };
  return kind === 'bars' ? (
    <BarChart {...shared} type="stacked" />
  ) : (
    <LineChart {...shared} curveType="linear" connectNulls={false} withDots={points < 40} />
  );
}
