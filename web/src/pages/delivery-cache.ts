// A delivery that changes is told to all that show it: its own page, and the logs that are kept for the way back.

import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Delivery } from '../api/deliveries';

type LogPage = { data: Delivery[] };

export function keepDelivery(client: QueryClient, fresh: Delivery): void {
  client.setQueryData(['delivery', fresh.id], fresh);
  client.setQueriesData<InfiniteData<LogPage>>({ queryKey: ['deliveries'] }, (log) =>
    log && { ...log, pages: log.pages.map((page) => withFresh(page, fresh)) },
  );
}

function withFresh<Page extends LogPage>(page: Page, fresh: Delivery): Page {
  if (!page.data.some(({ id }) => id === fresh.id)) return page;
  return { ...page, data: page.data.map((known) => (known.id === fresh.id ? fresh : known)) };
}

/** What is about to change is read again this often, and what waits longer more seldom. */
const SOON = 1_000;
const LATER = 10_000;

/** How long to wait before a delivery is read again. */
export function pace(delivery: Delivery | undefined): number | false {
  if (!delivery || delivery.finished_at) return false;
  const due = delivery.next_attempt_at ? Date.parse(delivery.next_attempt_at) - Date.now() : 0;
  return due > LATER ? LATER : SOON;
}
