import { Checkbox } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Delivery } from '../api/deliveries';
import { useRowKeys } from './log-keys';
import { LogRow } from './log-row';
import classes from './log-table.module.css';

/** Rows have one height, so that the way back leads to the same place before they are drawn. */
const ROW = 54;
const NARROW_ROW = 84;
/** Older rows are asked for when so few are left below. */
const AHEAD = 20;

export type Selection = { ids: ReadonlySet<string>; put: (ids: string[], chosen: boolean) => void };

type Props = {
  rows: Delivery[];
  urls: (endpointId: string) => string;
  merchants?: (merchantId: string) => string;
  selection: Selection;
  isOutside: (delivery: Delivery) => boolean;
  onRetry: (delivery: Delivery) => void;
  /** Asks for older rows, where there are any. */
  onEnd?: () => void;
};

/** The rows of the log. Only those in view are drawn: there may be very many. */
export function LogTable({ rows, urls, merchants, selection, isOutside, onRetry, onEnd }: Props) {
  const isNarrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false });
  const height = isNarrow ? NARROW_ROW : ROW;
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const place = body.current?.getBoundingClientRect().top;
    if (place !== undefined) setTop(Math.round(place + window.scrollY));
  }, [rows.length === 0]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: top,
    // The same function for the same rows: with another one every row is measured anew.
    getItemKey: useCallback((index: number) => rows[index]!.id, [rows]),
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const isNearEnd = rows.length > 0 && last >= rows.length - AHEAD;
  useEffect(() => {
    if (isNearEnd) onEnd?.();
  }, [isNearEnd, rows.length, onEnd]);
  useRowKeys({ rows, virtual, selection, onRetry });

  const above = items.length > 0 ? items[0]!.start - top : 0;
  // Before any row is drawn there is room for all of them: on the way back the page is scrolled at once.
  const below = virtual.getTotalSize() + top - (items.at(-1)?.end ?? top);
  return (
    <table className={classes.table} aria-rowcount={rows.length + 1} aria-label="Deliveries">
      <thead>
        <tr>
          <Pick rows={rows} selection={selection} />
          <th scope="col" className={classes.status}>
            Status
          </th>
          <th scope="col">Event</th>
          {merchants && (
            <th scope="col" className={classes.wide}>
              Merchant
            </th>
          )}
          <th scope="col" className={classes.wide}>
            Endpoint
          </th>
          <th scope="col" className={`${classes.wide} ${classes.answer}`}>
            Last answer
          </th>
          <th scope="col" className={`${classes.wide} ${classes.time}`}>
            Taken in
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        <Space height={above} />
        {items.map(({ index }) => {
          const delivery = rows[index]!;
          return (
            <LogRow
              key={delivery.id}
              delivery={delivery}
              index={index}
              height={height}
              url={urls(delivery.endpoint_id)}
              merchant={merchants?.(delivery.merchant_id)}
              isChosen={selection.ids.has(delivery.id)}
              isOutside={isOutside(delivery)}
              onChoose={selection.put}
            />
          );
        })}
        <Space height={below} />
      </tbody>
    </table>
  );
}

/** Room for rows that are not drawn. One cell: columns that it spanned would take width from those of a narrow screen. */
function Space({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null;
}

/** Chooses all rows that have been read, or none. */
function Pick({ rows, selection }: { rows: Delivery[]; selection: Selection }) {
  const count = rows.filter(({ id }) => selection.ids.has(id)).length;
  const all = rows.length > 0 && count === rows.length;
  return (
    <th scope="col" className={classes.pick}>
      <Checkbox
        size="xs"
        aria-label="Choose all that are shown"
        checked={all}
        indeterminate={count > 0 && !all}
        onChange={() => selection.put(rows.map(({ id }) => id), !all)}
      />
    </th>
  );
}
