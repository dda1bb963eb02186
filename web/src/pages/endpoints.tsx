import { Anchor, Badge, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { api, data } from '../api/client';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { Empty, Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';

export function useEndpoints(merchantId: string) {
  return useQuery({
    queryKey: ['endpoints', merchantId],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/endpoints', {
          params: { path: { merchant_id: merchantId }, query: { limit: 250 } },
        }),
      ),
  });
}

export function Endpoints() {
  const { merchantId = '' } = useParams();
  const endpoints = useEndpoints(merchantId);
  const rows = endpoints.data?.data ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Endpoints
        </Title>
        <Button component={Link} to={paths.newEndpoint(merchantId)}>
          Add endpoint
        </Button>
      </Group>
      {endpoints.isPending && <Loading />}
      {endpoints.isError && <Failed error={endpoints.error} retry={() => endpoints.refetch()} />}
      {endpoints.isSuccess && rows.length === 0 && (
        <Empty title="No endpoint yet">
          <Text size="sm">Add one, and it receives this merchant's events.</Text>
        </Empty>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={640}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>URL</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Format</Table.Th>
                <Table.Th>Events</Table.Th>
                <Table.Th>Added</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((endpoint) => (
                <Table.Tr key={endpoint.id}>
                  <Table.Td>
                    <Anchor
                      component={Link}
                      to={paths.endpoint(merchantId, endpoint.id)}
                    >
                      <bdi>{endpoint.url}</bdi>
                    </Anchor>
                    <Copy text={endpoint.url} what="URL" />
                    {endpoint.description && (
                      <Text size="sm" c="dimmed">
                        <bdi>{endpoint.description}</bdi>
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {endpoint.enabled ? (
                      <Badge variant="light" color="green" autoContrast>
                        active
                      </Badge>
                    ) : (
                      <Badge variant="light" color="red" autoContrast>
                        disabled: {endpoint.disabled_reason}
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td>{endpoint.dialect}</Table.Td>
                  <Table.Td title={endpoint.event_types.join(', ')}>
                    {endpoint.event_types.length}
                  </Table.Td>
                  <Table.Td>
                    <Time at={endpoint.created_at} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
