import type { Virtualizer } from '@tanstack/react-virtual';
import type { Delivery } from '../api/deliveries';
import { useShortcuts } from '../ui/keys';
import type { Selection } from './log-table';

const rowOf = (element: Element | null) => element?.closest<HTMLElement>('tr[data-row]');

/** The keys of the log. The row that has the focus is the one they are about. */
export function useRowKeys({
  rows,
  virtual,
  selection,
  onRetry,
}: {
  rows: Delivery[];
  virtual: Virtualizer<Window, Element>;
  selection: Selection;
  onRetry: (delivery: Delivery) => void;
}): void {
  const current = () => Number(rowOf(document.activeElement)?.dataset.row ?? -1);

  function go(step: number) {
    const at = current();
    const first = virtual.getVirtualIndexes().find((index) => isInView(index)) ?? 0;
    const next = at < 0 ? first : Math.min(Math.max(at + step, 0), rows.length - 1);
    virtual.scrollToIndex(next, { align: 'auto' });
    document.querySelector<HTMLElement>(`tr[data-row="${next}"] a`)?.focus({ preventScroll: true });
  }

  function withRow(act: (delivery: Delivery) => void) {
    const delivery = rows[current()];
    if (delivery) act(delivery);
  }

  useShortcuts([
    { keys: 'j', does: 'Next row', run: () => go(1) },
    { keys: 'k', does: 'Row before', run: () => go(-1) },
    { keys: 'r', does: 'Retry the row', run: () => withRow(onRetry) },
    {
      keys: 'x',
      does: 'Choose the row',
      run: () => withRow(({ id }) => selection.put([id], !selection.ids.has(id))),
    },
  ]);
}

/** Whether a row is below the page's head, and not below its end. */
function isInView(index: number): boolean {
  const box = document.querySelector(`tr[data-row="${index}"]`)?.getBoundingClientRect();
  return box !== undefined && box.top >= 52 && box.bottom <= window.innerHeight;
}
