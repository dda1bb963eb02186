import { Anchor, Paper, Table, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { answer } from '../ui/outcomes';
import { Time } from '../ui/time';

type Failing = components['schemas']['FailingEndpoint'];

/** Endpoints that only fail, or were disabled for it: the longest ago first. */
export function FailingEndpoints({ endpoints: all }: { endpoints: Failing[] }) {
  // What somebody has switched off does not fail.
  const endpoints = all.filter(({ endpoint }) => endpoint.disabled_reason !== 'manual');
  return (
    <Paper withBorder p="md" component="section" aria-label="Failing endpoints">
      <Title order={2} size="h4" mb="xs">
        Failing endpoints
      </Title>
      {endpoints.length === 0 ? (
        <Text size="sm">No endpoint fails.</Text>
      ) : (
        <Table.ScrollContainer minWidth={760}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Endpoint</Table.Th>
                <Table.Th>Merchant</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th>Why</Table.Th>
                <Table.Th>Waiting</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {endpoints.map((one) => (
                <Row key={one.endpoint.id} failing={one} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}

function Row({ failing }: { failing: Failing }) {
  const { endpoint, merchant_name, last_delivery: last, waiting } = failing;
  const owner = endpoint.merchant_id
    ? { merchantId: endpoint.merchant_id }
    : { appId: endpoint.app_id ?? '' };
  const since = endpoint.enabled ? endpoint.failing_since : endpoint.disabled_at;
  return (
    <Table.Tr>
      <Table.Td maw={380} style={{ overflowWrap: 'anywhere' }}>
        <Anchor component={Link} to={paths.endpointOf(owner, endpoint.id)}>
          <bdi>{endpoint.url}</bdi>
        </Anchor>
        {!endpoint.enabled && <Text size="sm">disabled: {endpoint.disabled_reason}</Text>}
      </Table.Td>
      <Table.Td>
        {endpoint.merchant_id ? (
          <Anchor component={Link} to={paths.endpoints(endpoint.merchant_id)}>
            <bdi>{merchant_name ?? endpoint.merchant_id}</bdi>
          </Anchor>
        ) : (
          'an app'
        )}
      </Table.Td>
      <Table.Td>{since ? <Time at={since} /> : '–'}</Table.Td>
      <Table.Td>
        {last?.last_outcome ? (
          <Anchor component={Link} to={paths.delivery(last.merchant_id, last.id)}>
            {answer(last.last_outcome, last.last_http_status)}
          </Anchor>
        ) : (
          '–'
        )}
      </Table.Td>
      <Table.Td>
        {endpoint.merchant_id && waiting > 0 ? (
          <Anchor
            component={Link}
            to={paths.deliveries(endpoint.merchant_id, {
              endpoint_id: endpoint.id,
              status: 'retrying',
            })}
          >
            {waiting.toLocaleString()}
          </Anchor>
        ) : (
          waiting.toLocaleString()
        )}
      </Table.Td>
    </Table.Tr>
  );
}
