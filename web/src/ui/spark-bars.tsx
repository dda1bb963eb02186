import { useMantineTheme } from '@mantine/core';

type Point = { succeeded: number; failed: number };
const HEIGHT = 24;
const STEP = 5;

/** Successes and failures over time, small: green below, red above; `label` says it in words. */
export function SparkBars({ points, label }: { points: Point[]; label: string }) {
  const { colors } = useMantineTheme();
  const most = Math.max(1, ...points.map((point) => point.succeeded + point.failed));
  // What happened at all is seen, however little it was.
  const size = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT));
  return (
    <svg
      role="img"
      aria-label={label}
      width={points.length * STEP}
      height={HEIGHT + 1}
      style={{ display: 'block', borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      {points.map((point, index) => {
        const good = size(point.succeeded);
        const bad = size(point.failed);
        const x = index * STEP;
        return (
          // The points of a range have nothing but their place.
          <g key={index}>
            <rect x={x} y={HEIGHT + 1 - good} width={STEP - 1} height={good} fill={colors.green[6]} />
            <rect x={x} y={Math.max(0, HEIGHT + 1 - good - bad)} width={STEP - 1} height={bad} fill={colors.red[7]} />
          </g>
        );
      })}
    </svg>
  );
}
