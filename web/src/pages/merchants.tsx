import { Anchor, Badge, Button, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { PagedTable, usePages } from '../ui/paged';
import { SearchBox } from '../ui/search-box';
import { Empty } from '../ui/states';
import { Time } from '../ui/time';
import { useFilter } from './filter';
import { useMe } from './me';

type Merchant = components['schemas']['Merchant'];

/** What a merchant can be found by. */
function texts({ id, name, store }: Merchant): string {
  return [id, name, store.id, store.name, store.shopify_domain, store.main_domain]
    .join('\n')
    .toLowerCase();
}

/** The merchants that somebody may see. */
export function Merchants() {
  const me = useMe();
  const filter = useFilter('q');
  const merchants = usePages(['merchants'], (cursor) =>
    data(api.GET('/v1/merchants', { params: { query: { cursor, limit: 250 } } })),
  );
  const wanted = filter.values.q.toLowerCase();
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
      <SearchBox
        label="Search merchants"
        placeholder="Name, store, domain or id"
        value={filter.values.q}
        onSearch={(q) => filter.set({ q })}
      />
      <PagedTable
        pages={merchants}
        rowKey={(merchant) => merchant.id}
        keep={(merchant) => texts(merchant).includes(wanted)}
        empty={
          <Empty title="There are no merchants yet">
            {adds && <Text size="sm">Add one, then its endpoints.</Text>}
          </Empty>
        }
        noMatch={
          <Empty
            title={
              merchants.hasNextPage ? 'No merchant read so far matches' : 'No merchant matches'
            }
          />
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
          { title: 'Added', cell: (merchant) => <Time at={merchant.created_at} /> },
        ]}
      />
    </Stack>
  );
}
