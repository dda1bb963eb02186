import { Anchor, Code, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { dialectInfo } from './dialects';
import { EndpointCharts } from './endpoint-charts';

type Props = { owner: Owner; endpoint: Endpoint };

/** How an endpoint does, and how it is set up. */
export function EndpointOverview({ owner, endpoint }: Props) {
  return (
    <Stack>
      <EndpointCharts owner={owner} endpoint={endpoint} />
      <Settings owner={owner} endpoint={endpoint} />
    </Stack>
  );
}

function Settings({ owner, endpoint }: Props) {
  const dialect = dialectInfo(endpoint.dialect);
  const { batch, headers, schedule } = endpoint;
  const rows: [string, ReactNode][] = [
    ['Events', <Events key="events" owner={owner} names={endpoint.event_types} />],
    ['Counts as taken', dialect.success],
    ['Timeout', endpoint.timeout ?? `${dialect.timeout}, as the format has it by default`],
    [
      'Retries',
      schedule
        ? schedule.length > 0
          ? `after ${schedule.join(', ')}`
          : 'none'
        : `after ${dialect.schedule}, as the format has it by default`,
    ],
    ['Requests a second', endpoint.rate_limit ?? 'no limit'],
    ...(dialect.batches
      ? ([
          [
            'Collected',
            batch ? `up to ${batch.max_events} events, ${batch.max_wait} at most` : 'no, each event alone',
          ],
        ] as [string, ReactNode][])
      : []),
    ['Payload version', endpoint.version],
    ['Signature headers', endpoint.signed ? 'sent' : 'not sent'],
    [
      'Headers of your own',
      Object.keys(headers).length > 0
        ? Object.keys(headers).map((name) => (
            <Code key={name} mr={6}>
              {name}
            </Code>
          ))
        : 'none',
    ],
    ...(endpoint.webhook_id ? ([['Webhook id', <Code key="id">{endpoint.webhook_id}</Code>]] as [string, ReactNode][]) : []),
  ];
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h4" mb="xs">
        Settings
      </Title>
      <Table verticalSpacing={6} withRowBorders={false}>
        <Table.Tbody>
          {rows.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w={180} fw={500} style={{ verticalAlign: 'top' }}>
                {name}
              </Table.Th>
              <Table.Td>
                {typeof value === 'string' || typeof value === 'number' ? (
                  <Text size="sm">{value}</Text>
                ) : (
                  value
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Events({ owner, names }: { owner: Owner; names: string[] }) {
  return (
    <Group gap={6}>
      {names.map((name) =>
        owner.merchantId === undefined ? (
          <Code key={name}>{name}</Code>
        ) : (
          <Anchor key={name} size="sm" component={Link} to={paths.eventType(owner.merchantId, name)}>
            {name}
          </Anchor>
        ),
      )}
    </Group>
  );
}
