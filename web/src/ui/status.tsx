import { Badge } from '@mantine/core';
import type { components } from '../api/__generated__/schema';

type Status = components['schemas']['DeliveryStatus'];

const LOOK: Record<Status, { color: string; sign: string }> = {
  pending: { color: 'gray', sign: '…' },
  delivering: { color: 'blue', sign: '→' },
  retrying: { color: 'orange', sign: '↻' },
  succeeded: { color: 'green', sign: '✓' },
  failed: { color: 'red', sign: '✕' },
  cancelled: { color: 'gray', sign: '–' },
  skipped: { color: 'gray', sign: '⤼' },
};

/** Where a delivery stands: in a word and a sign, not by colour alone. */
export function StatusBadge({ status }: { status: Status }) {
  const { color, sign } = LOOK[status];
  return (
    <Badge variant="light" color={color} miw="max-content" leftSection={<span aria-hidden>{sign}</span>} autoContrast>
      {status}
    </Badge>
  );
}
