import { Badge } from '@mantine/core';
import type { RetryJob } from '../api/deliveries';

const LOOK: Record<RetryJob['status'], { color: string; sign: string }> = {
  running: { color: 'blue', sign: '→' },
  completed: { color: 'green', sign: '✓' },
  cancelled: { color: 'gray', sign: '–' },
  estimated: { color: 'gray', sign: '?' },
};

/** Where a bulk retry stands: in a word and a sign. */
export function JobStatus({ status }: { status: RetryJob['status'] }) {
  const { color, sign } = LOOK[status];
  return (
    <Badge variant="light" color={color} miw="max-content" leftSection={<span aria-hidden>{sign}</span>} autoContrast>
      {status}
    </Badge>
  );
}
