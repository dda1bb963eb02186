import { Anchor, Badge, Group, Stack, Title } from '@mantine/core';
import { Link, Navigate } from 'react-router';
import { api, data } from '../api/client';
import { paths } from '../path-builder';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';
import { useMe } from './me';

export function Merchants() {
  const me = useMe();
  const merchants = usePages(['merchants'], (cursor) =>
    data(api.GET('/v1/merchants', { params: { query: { cursor } } })),
  );
  // Who has one merchant has nothing to choose.
  const only = me.data?.platform_role === null && me.data.memberships.length === 1;
  if (only) return <Navigate to={paths.deliveries(me.data!.memberships[0]!.merchant_id)} replace />;
  return (
    <Stack>
      <Title order={1} size="h2">
        Merchants
      </Title>
      <PagedTable
        pages={merchants}
        rowKey={(merchant) => merchant.id}
        empty="There are no merchants yet"
        columns={[
          {
            title: 'Name',
            cell: (merchant) => (
              <Group gap="xs">
                <Anchor component={Link} to={paths.deliveries(merchant.id)}>
                  <bdi>{merchant.name}</bdi>
                </Anchor>
                {merchant.suspended && <Badge color="orange">suspended</Badge>}
              </Group>
            ),
          },
          { title: 'Store', cell: (merchant) => <bdi>{merchant.store.name}</bdi> },
          { title: 'Added', cell: (merchant) => <Time at={merchant.created_at} /> },
        ]}
      />
    </Stack>
  );
}
