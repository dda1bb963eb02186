import {
  Alert,
  Anchor,
  Code,
  Group,
  Paper,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import type { ReactNode } from 'react';
import type { components } from '../api/__generated__/schema';
import { Copy } from '../ui/copy';
import { Time } from '../ui/time';

type Attempt = components['schemas']['Attempt'];

/** One attempt: what was sent, what came back, how long it took. */
export function AttemptView({ attempt }: { attempt: Attempt }) {
  const good = attempt.outcome === 'success';
  return (
    <Stack>
      <Alert color={good ? 'green' : 'red'} title={`Attempt ${attempt.number}: ${attempt.outcome}`}>
        <Text size="sm">
          {attempt.error || (good ? 'The endpoint took it.' : 'The endpoint did not take it.')}{' '}
          {attempt.trigger === 'manual' && `Sent by hand by ${attempt.actor}. `}
          <Time at={attempt.started_at} />, took {Math.ceil(attempt.duration_ms)} ms.
        </Text>
      </Alert>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Side title="Request">
          <Text size="sm">
            POST{' '}
            <Anchor component="span" c="inherit">
              <bdi>{attempt.url}</bdi>
            </Anchor>
            <Copy text={attempt.url} what="URL" />
          </Text>
          <Headers of={attempt.request_headers} />
          <Body text={attempt.request_body} />
        </Side>
        <Side title="Response">
          <Text size="sm">
            {attempt.http_status ?? 'No answer'}
            {attempt.remote_ip && ` from ${attempt.remote_ip}`}
          </Text>
          <Headers of={attempt.response_headers} />
          <Body text={attempt.response_body} state={attempt.response_body_state} />
        </Side>
      </SimpleGrid>
    </Stack>
  );
}

function Side({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

function Headers({ of }: { of: unknown }) {
  const rows = Object.entries((of ?? {}) as Record<string, unknown>);
  if (rows.length === 0) return null;
  return (
    <Table withRowBorders={false} verticalSpacing={2}>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={500}>
              <Text size="sm">{name}</Text>
            </Table.Th>
            <Table.Td>
              <Code>{String(value)}</Code>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** A body, as text and nothing else. */
function Body({ text, state }: { text: string | null | undefined; state?: string }) {
  if (!text) return <Text size="sm">{state === 'none' || !state ? 'No body' : `No body (${state})`}</Text>;
  return (
    <>
      {state && state !== 'complete' && <Text size="sm">Only a part was kept: {state}.</Text>}
      <Group justify="flex-end">
        <Copy text={text} what="body" />
      </Group>
      <Code block mah={480} style={{ overflow: 'auto', whiteSpace: 'pre-wrap' }} tabIndex={0}>
        {text}
      </Code>
    </>
  );
}
