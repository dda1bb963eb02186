import { Anchor, Badge, Button, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { LONGEST, isId, listOfOne, searchOf } from '../api/found';
import { paths } from '../path-builder';
import { PagedTable, usePages } from '../ui/paged';
import { SearchBox, TYPING } from '../ui/search-box';
import { Empty, NoMatch } from '../ui/states';
import { Time } from '../ui/time';
import { useFilter } from './filter';
import { errorRate, percent } from './endpoint-stats';
import { useMe } from './me';
import { usePlatformStats } from './platform-stats';

type Merchant = components['schemas']['Merchant'];

type Count = components['schemas']['MerchantCount'];
type Counts = Map<string, Count>;

/** Other orders than the newest first. */
const ORDERS: Record<string, (counts: Counts) => (one: Merchant, other: Merchant) => number> = {
  busiest: (counts) => by((merchant) => counts.get(merchant.id)?.events ?? -1),
  failing: (counts) => by((merchant) => rateOf(counts.get(merchant.id)) ?? -1),
};

function by(value: (merchant: Merchant) => number) {
  return (one: Merchant, other: Merchant) => value(other) - value(one);
}

function rateOf(count: Count | undefined): number | null {
  return count ? errorRate(count) : null;
}

/** A page of the merchants that are found by a text or an id. */
function read(q: string, cursor: string | undefined) {
  if (isId('mer', q)) {
    const path = { merchant_id: q };
    return listOfOne(data(api.GET('/v1/merchants/{merchant_id}', { params: { path } })));
  }
  const query = { search: searchOf(q), cursor, limit: 250 };
  return data(api.GET('/v1/merchants', { params: { query } }));
}

/** The merchants that somebody may see. */
export function Merchants() {
  const me = useMe();
  const filter = useFilter('q', 'sort');
  const isPlatform = me.data?.platform_role != null;
  const stats = usePlatformStats('24h', isPlatform);
  const counts = new Map(stats.data?.merchants.map((one) => [one.merchant_id, one]));
  const order = ORDERS[filter.values.sort]?.(counts);
  const { q } = filter.values;
  const merchants = usePages(['merchants', q], (cursor) => read(q, cursor), { isSearched: true });
  const adds = me.data?.platform_role === 'admin' || me.data?.platform_role === 'operator';
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Merchants
        </Title>
        {adds && (
          <Button component={Link} to={paths.newMerchant()}>
            Add merchant
          </Button>
        )}
      </Group>
      <Group>
        <SearchBox
          label="Search merchants"
          placeholder="Name, store, domain or id"
          value={q}
          wait={TYPING}
          maxLength={LONGEST}
          onSearch={(q) => filter.set({ q })}
        />
        {isPlatform && (
          <SegmentedControl
            aria-label="Order"
            data={[
              { value: '', label: 'newest' },
              { value: 'busiest', label: 'busiest' },
              { value: 'failing', label: 'failing most' },
            ]}
            value={filter.values.sort}
            onChange={(sort) => filter.set({ sort })}
          />
        )}
      </Group>
      <PagedTable
        pages={merchants}
        rowKey={(merchant) => merchant.id}
        order={order}
        empty={
          q ? (
            <NoMatch title="No merchant matches" onClear={() => filter.set({ q: null })} />
          ) : (
            <Empty title="There are no merchants yet">
              {adds && <Text size="sm">Add one, then its endpoints.</Text>}
            </Empty>
          )
        }
        minWidth={680}
        columns={[
          {
            title: 'Name',
            cell: (merchant) => (
              <Group gap="xs">
                <Anchor component={Link} to={paths.deliveries(merchant.id)}>
                  <bdi>{merchant.name}</bdi>
                </Anchor>
                {merchant.suspended && (
                  <Badge color="orange" variant="light" autoContrast>
                    suspended
                  </Badge>
                )}
              </Group>
            ),
          },
          { title: 'Store', cell: (merchant) => <bdi>{merchant.store.name}</bdi> },
          {
            title: 'Domain',
            cell: ({ store }) => <bdi>{store.main_domain ?? store.shopify_domain ?? '–'}</bdi>,
          },
          { title: 'Currency', cell: ({ store }) => store.currency ?? '–' },
          ...(isPlatform
            ? [
                {
                  title: 'Events, 24 h',
                  cell: ({ id }: Merchant) => counts.get(id)?.events.toLocaleString() ?? '–',
                },
                {
                  title: 'Failed, 24 h',
                  cell: ({ id }: Merchant) => {
                    const rate = rateOf(counts.get(id));
                    return rate === null ? '–' : percent(rate);
                  },
                },
              ]
            : []),
          { title: 'Added', cell: (merchant) => <Time at={merchant.created_at} /> },
        ]}
      />
    </Stack>
  );
}
