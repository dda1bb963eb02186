import type { components } from '../api/__generated__/schema';
import classes from './status.module.css';

type Status = components['schemas']['DeliveryStatus'];

const LOOK: Record<Status, { color: 'gray' | 'blue' | 'orange' | 'green' | 'red'; sign: string }> = {
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
    <span className={`${classes.badge} ${classes[color]}`}>
      <span aria-hidden>{sign}</span>
      {status}
    </span>
  );
}
