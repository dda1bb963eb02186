import { Anchor, Badge, Group, HoverCard, Table, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { Link } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { answer } from '../ui/outcomes';
import { SparkBars } from '../ui/spark-bars';
import { Time } from '../ui/time';
import { dialectInfo } from './dialects';
import { EndpointMenu } from './endpoint-menu';
import { EndpointState } from './endpoint-state';
import { type Summary, errorRate, percent, useSummaries } from './endpoint-stats';

type Props = {
  owner: Owner;
  rows: Endpoint[];
  /** The rows and what the filter leaves out. */
  all: Endpoint[];
  refused: string | undefined;
};

export function EndpointTable({ owner, rows, all, refused }: Props) {
  const summaries = useSummaries(owner).data;
  return (
    <Table.ScrollContainer minWidth={980}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="30%">Endpoint</Table.Th>
            <Table.Th>State</Table.Th>
            {summaries && <Table.Th>Last 24 hours</Table.Th>}
            {summaries && <Table.Th>Last delivery</Table.Th>}
            <Table.Th>Takes</Table.Th>
            <Table.Th>Added</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((endpoint) => (
            <Table.Tr key={endpoint.id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Place owner={owner} endpoint={endpoint} all={all} />
              </Table.Td>
              <Table.Td>
                <EndpointState endpoint={endpoint} doing={summaries?.get(endpoint.id)} since />
              </Table.Td>
              {summaries && (
                <>
                  <Table.Td>
                    <Health summary={summaries.get(endpoint.id)} />
                  </Table.Td>
                  <Table.Td style={{ whiteSpace: 'nowrap' }}>
                    <LastDelivery summary={summaries.get(endpoint.id)} />
                  </Table.Td>
                </>
              )}
              <Table.Td>
                <EventCount names={endpoint.event_types} />
                <Text size="sm" c="dimmed">
                  {dialectInfo(endpoint.dialect).label}
                </Text>
              </Table.Td>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                <Time at={endpoint.created_at} />
              </Table.Td>
              <Table.Td>
                <EndpointMenu owner={owner} endpoint={endpoint} refused={refused} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** How it did: a small picture, and the share of failures in a figure. */
function Health({ summary }: { summary: Summary | undefined }) {
  const rate = summary && errorRate(summary.totals);
  if (!summary || rate === null || rate === undefined) return <Text size="sm">nothing sent</Text>;
  const { succeeded, failed } = summary.totals;
  return (
    <>
      <SparkBars points={summary.series} label={`${succeeded} succeeded, ${failed} failed`} />
      <Text size="sm">{rate === 0 ? 'no failures' : `${percent(rate)} failed`}</Text>
    </>
  );
}

function LastDelivery({ summary }: { summary: Summary | undefined }) {
  const last = summary?.last_delivery;
  if (!last) return <Text size="sm">–</Text>;
  return (
    <>
      <Time at={last.created_at} />
      <br />
      <Anchor component={Link} size="sm" to={paths.delivery(last.merchant_id, last.id)}>
        {last.last_outcome ? answer(last.last_outcome, last.last_http_status) : last.status}
      </Anchor>
    </>
  );
}

function Place({ owner, endpoint, all }: { owner: Owner; endpoint: Endpoint; all: Endpoint[] }) {
  const isTwice = all.some((one) => one.url === endpoint.url && one.id !== endpoint.id);
  return (
    <>
      <Group gap={4} wrap="nowrap">
        <Anchor component={Link} to={paths.endpointOf(owner, endpoint.id)}>
          <bdi>{endpoint.url}</bdi>
        </Anchor>
        <Copy text={endpoint.url} what="URL" />
      </Group>
      {endpoint.description && (
        <Text size="sm" c="dimmed">
          <bdi>{endpoint.description}</bdi>
        </Text>
      )}
      {isTwice && (
        <Tooltip label="Another endpoint has the same URL: the receiver may get an event twice." events={{ hover: true, focus: true, touch: true }}>
          <Badge variant="light" color="orange" leftSection={<span aria-hidden>!</span>} tabIndex={0}>
            same URL twice
          </Badge>
        </Tooltip>
      )}
    </>
  );
}

/** How many, and which on hover or focus. */
function EventCount({ names }: { names: string[] }) {
  return (
    <HoverCard withArrow shadow="md">
      <HoverCard.Target>
        <UnstyledButton
          aria-label={`${names.length} events: ${names.join(', ')}`}
          td="underline dotted"
          fz="sm"
        >
          {names.length === 1 ? '1 event' : `${names.length} events`}
        </UnstyledButton>
      </HoverCard.Target>
      <HoverCard.Dropdown mah={320} style={{ overflow: 'auto' }}>
        {names.map((name) => (
          <Text key={name} size="sm">
            {name}
          </Text>
        ))}
      </HoverCard.Dropdown>
    </HoverCard>
  );
}
