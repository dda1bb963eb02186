import { Anchor, Group, Paper, SegmentedControl, Table, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { ownerOf } from '../api/endpoints';
import { paths } from '../path-builder';
import { answer } from '../ui/outcomes';
import { Time } from '../ui/time';
import { Actor } from './actor';
import { DISABLED_BECAUSE } from './endpoint-state';
import { type Failing, type FailingState, sorted } from './failing';
import { FailingActions } from './failing-actions';
import { useFilter } from './filter';

const NONE: Record<FailingState, string> = {
  open: 'Somebody looks after every endpoint that fails.',
  acknowledged: 'Nobody has acknowledged an endpoint that fails.',
};

/** Endpoints that only fail, or were disabled for it: the longest ago first. */
export function FailingEndpoints({ endpoints }: { endpoints: Failing[] }) {
  const filter = useFilter('failing');
  const state: FailingState = filter.values.failing === 'acknowledged' ? 'acknowledged' : 'open';
  const of = sorted(endpoints);
  return (
    <Paper withBorder p="md" component="section" aria-label="Failing endpoints">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Failing endpoints
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="Which failing endpoints"
          data={[
            { value: 'open', label: `Open (${of.open.length})` },
            { value: 'acknowledged', label: `Acknowledged (${of.acknowledged.length})` },
          ]}
          value={state}
          onChange={(next) => filter.set({ failing: next === 'open' ? null : next })}
        />
      </Group>
      {of[state].length === 0 ? (
        <Text size="sm">{endpoints.length === 0 ? 'No endpoint fails.' : NONE[state]}</Text>
      ) : (
        <List rows={of[state]} />
      )}
    </Paper>
  );
}

function List({ rows }: { rows: Failing[] }) {
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Endpoint</Table.Th>
            <Table.Th>Merchant</Table.Th>
            <Table.Th>Since</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th>Waiting</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((one) => (
            <Row key={one.endpoint.id} failing={one} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ failing }: { failing: Failing }) {
  const { endpoint, merchant_name, last_delivery: last, acknowledged } = failing;
  const since = endpoint.enabled ? endpoint.failing_since : endpoint.disabled_at;
  return (
    <Table.Tr>
      <Table.Td maw={380} style={{ overflowWrap: 'anywhere' }}>
        <Anchor component={Link} to={paths.endpointOf(ownerOf(endpoint), endpoint.id)}>
          <bdi>{endpoint.url}</bdi>
        </Anchor>
        {endpoint.disabled_reason && (
          <Text size="sm">disabled: {DISABLED_BECAUSE[endpoint.disabled_reason]}</Text>
        )}
        {acknowledged && <Acknowledged by={acknowledged} merchantId={endpoint.merchant_id} />}
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
        <Waiting failing={failing} />
      </Table.Td>
      <Table.Td>
        <FailingActions failing={failing} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Who looks after it, since when, and what they say. */
function Acknowledged({
  by,
  merchantId,
}: {
  by: NonNullable<Failing['acknowledged']>;
  merchantId: string | null;
}) {
  return (
    <Text size="sm">
      Acknowledged by <Actor id={by.acknowledged_by} merchantId={merchantId ?? undefined} />,{' '}
      <Time at={by.acknowledged_at} />
      {by.note && (
        <>
          : <bdi>{by.note}</bdi>
        </>
      )}
    </Text>
  );
}

function Waiting({ failing: { endpoint, waiting } }: { failing: Failing }) {
  if (!endpoint.merchant_id || waiting === 0) return waiting.toLocaleString();
  const filter = { endpoint_id: endpoint.id, status: 'retrying' };
  return (
    <Anchor component={Link} to={paths.deliveries(endpoint.merchant_id, filter)}>
      {waiting.toLocaleString()}
    </Anchor>
  );
}
