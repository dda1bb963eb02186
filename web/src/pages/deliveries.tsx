import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useCallback, useMemo, useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { paths } from '../path-builder';
import { Forbidden } from '../ui/forbidden';
import { Empty, Failed, Loading } from '../ui/states';
import { useEndpointsById } from './endpoint-urls';
import { useAddress } from './log-address';
import { LogChips } from './log-chips';
import { type LogFilter, isFiltered, readFilter, withValues, withoutFilter } from './log-filter';
import { LogFilters } from './log-filters';
import { LogReach } from './log-kept';
import { useLive } from './log-live';
import { LiveBar } from './log-live-bar';
import { isWithin } from './log-merge';
import { useLog } from './log-query';
import { RetryChosen, RetryMatching } from './log-retry';
import { LogTable, type Selection } from './log-table';
import { useWatch } from './log-watch';
import { useMe } from './me';
import { useMerchantNames } from './merchant-names';
import { useRetry } from './retry-one';

/** The log: a merchant's, or, for the platform, that of all merchants. */
export function Deliveries() {
  const { merchantId } = useParams();
  const me = useMe();
  const [search] = useSearchParams();
  const address = search.toString();
  const filter = useMemo(() => readFilter(new URLSearchParams(address)), [address]);
  const endpoints = useEndpointsById(merchantId);
  if (merchantId === undefined && me.data?.platform_role === null) {
    return <Forbidden title="Deliveries" whom="people of the platform" />;
  }
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h2">
          Deliveries
        </Title>
        <Anchor
          component={Link}
          size="sm"
          to={merchantId ? paths.retryJobs(merchantId) : paths.allRetryJobs()}
        >
          Bulk retries
        </Anchor>
      </Group>
      <LogFilters merchantId={merchantId} filter={filter} endpoints={endpoints} />
      <LogChips filter={filter} endpoints={endpoints} />
      {/* Another log is another list: what was chosen in one is not chosen in the other. */}
      <Log key={`${merchantId} ${JSON.stringify(filter)}`} merchantId={merchantId} filter={filter} />
    </Stack>
  );
}

function Log({ merchantId, filter }: { merchantId: string | undefined; filter: LogFilter }) {
  const [search] = useSearchParams();
  const change = useAddress();
  const log = useLog(merchantId, filter);
  const follows = search.get('live') !== 'off';
  const live = useLive(merchantId, filter, log.data?.pages[0]?.query, follows);
  const endpoints = useEndpointsById(merchantId);
  const names = useMerchantNames(merchantId === undefined);
  const rows = useMemo(() => log.data?.pages.flatMap((page) => page.data) ?? [], [log.data]);
  const selection = useSelection();
  const watch = useWatch();
  const retry = useRetry(merchantId, (delivery) => {
    watch(delivery);
    notifications.show({ message: `${delivery.event_type} is being sent again.` });
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = log;
  const older = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  if (log.isPending) return <Loading />;
  if (log.isError && !log.data) return <Failed error={log.error} retry={() => log.refetch()} />;
  const bar = (
    <LiveBar
      live={live}
      on={follows}
      onSwitch={(on) =>
        change((known) => withValues(known, 'live', on ? [] : ['off']))
      }
    />
  );
  if (rows.length === 0) {
    return (
      <>
        {bar}
        <Nothing filtered={isFiltered(filter)} />
      </>
    );
  }
  return (
    <>
      <Group justify="space-between" gap="xs">
        {bar}
        <RetryMatching
          merchantId={merchantId}
          filter={filter}
          query={log.data.pages[0]?.query ?? {}}
        />
      </Group>
      <LogTable
        rows={rows}
        urls={(id) => endpoints.get(id)?.url ?? id}
        merchants={merchantId === undefined ? (id) => names.get(id) ?? id : undefined}
        selection={selection}
        isOutside={(delivery) => !isWithin(delivery, log.data.pages[0]?.query ?? {})}
        onRetry={retry.retry}
        onEnd={older}
      />
      <RetryChosen merchantId={merchantId} rows={rows} selection={selection} />
      {retry.dialog}
      {isFetchNextPageError && <Failed error={log.error} retry={() => fetchNextPage()} />}
      <Text size="sm" c="dimmed">
        {isFetchingNextPage
          ? 'Reading older ones…'
          : hasNextPage
            ? `${rows.length.toLocaleString()} shown; older ones follow as you scroll.`
            : `${rows.length.toLocaleString()} in all.`}{' '}
        <LogReach oldest={rows.at(-1)?.created_at} />
      </Text>
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const change = useAddress();
  if (!filtered) {
    return (
      <Empty title="Nothing has been sent yet">
        <Text size="sm">
          Deliveries appear here as soon as an event happens that an endpoint receives. <LogReach />
        </Text>
      </Empty>
    );
  }
  return (
    <Empty title="No delivery matches">
      <Button variant="default" onClick={() => change(withoutFilter)}>
        Clear filters
      </Button>
      <Text size="sm">
        <LogReach />
      </Text>
    </Empty>
  );
}

function useSelection(): Selection & { clear: () => void } {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const put = useCallback(
    (some: string[], chosen: boolean) =>
      setIds((known) => {
        const next = new Set(known);
        for (const id of some) {
          if (chosen) next.add(id);
          else next.delete(id);
        }
        return next;
      }),
    [],
  );
  return { ids, put, clear: () => setIds(new Set()) };
}
