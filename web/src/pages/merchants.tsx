import { Anchor, Badge, Button, Group, Stack, Table, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, Navigate } from 'react-router';
import { api, data } from '../api/client';
import { paths } from '../path-builder';
import { Empty, Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useMe } from './me';

export function Merchants() {
  const me = useMe();
  const merchants = useInfiniteQuery({
    queryKey: ['merchants'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(api.GET('/v1/merchants', { params: { query: { cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  // Who has one merchant has nothing to choose.
  const only = me.data?.platform_role === null && me.data.memberships.length === 1;
  if (only) return <Navigate to={paths.deliveries(me.data!.memberships[0]!.merchant_id)} replace />;
  const rows = merchants.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">
        Merchants
      </Title>
      {merchants.isPending && <Loading />}
      {merchants.isError && <Failed error={merchants.error} retry={() => merchants.refetch()} />}
      {merchants.isSuccess && rows.length === 0 && <Empty title="There are no merchants yet" />}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Store</Table.Th>
                <Table.Th>Added</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((merchant) => (
                <Table.Tr key={merchant.id}>
                  <Table.Td>
                    <Group gap="xs">
                      <Anchor component={Link} to={paths.deliveries(merchant.id)}>
                        <bdi>{merchant.name}</bdi>
                      </Anchor>
                      {merchant.suspended && <Badge color="orange">suspended</Badge>}
                    </Group>
                  </Table.Td>
                  <Table.Td>
                    <bdi>{merchant.store.name}</bdi>
                  </Table.Td>
                  <Table.Td>
                    <Time at={merchant.created_at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {merchants.hasNextPage && (
        <Button variant="default" onClick={() => merchants.fetchNextPage()}>
          Show more
        </Button>
      )}
    </Stack>
  );
}
