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
