import { Alert, Box, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';
import type { Attempt } from '../api/deliveries';
import { Body } from '../ui/body';
import { Copy } from '../ui/copy';
import { Headers } from '../ui/headers';
import { madeAt } from '../ui/id-time';
import { BODY_STATES, OUTCOMES, todo } from '../ui/outcomes';
import { ms } from '../ui/span';
import { Time } from '../ui/time';
import { TimingsBar } from '../ui/timings-bar';
import { Actor } from './actor';
import { DeletedOn, usePastLog } from './log-kept';
import { OutcomeDocs } from './outcome-docs';

/** One attempt: how it ended and what to do, what was sent, what came back, how long it took. */
export function AttemptView({ attempt, merchantId }: { attempt: Attempt; merchantId?: string }) {
  return (
    <Stack>
      <Result attempt={attempt} merchantId={merchantId} />
      <TimingsBar attempt={attempt} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Request attempt={attempt} />
        <Response attempt={attempt} />
      </SimpleGrid>
    </Stack>
  );
}

function Result({ attempt, merchantId }: { attempt: Attempt; merchantId?: string }) {
  const { outcome, http_status: status, error } = attempt;
  const { name, meaning } = OUTCOMES[outcome];
  const good = outcome === 'success';
  const advice = todo(outcome, status);
  return (
    <Alert color={good ? 'green' : 'red'} title={`Attempt ${attempt.number}: ${name}`}>
      <Stack gap={6}>
        <Text size="sm">
          {error || meaning} <Why attempt={attempt} merchantId={merchantId} />
          <Time at={attempt.started_at} />, took {ms(attempt.duration_ms)}.
        </Text>
        {advice && (
          <Text size="sm">
            <b>What to do:</b> {advice} <OutcomeDocs outcome={outcome} />
          </Text>
        )}
        {attempt.late && (
          <Text size="sm">Its result came too late to count: the delivery had gone on without it.</Text>
        )}
      </Stack>
    </Alert>
  );
}

function Why({ attempt: { trigger, actor }, merchantId }: { attempt: Attempt; merchantId?: string }) {
  if (trigger === 'schedule' && !actor) return null;
  const what = { schedule: 'Brought forward', manual: 'Retried by hand', test: 'A test' }[trigger];
  return (
    <>
      {what}
      {actor && (
        <>
          {' '}
          by <Actor id={actor} merchantId={merchantId} />
        </>
      )}
      .{' '}
    </>
  );
}

const isSignature = (name: string) => /^(webhook-(id|timestamp|signature)|x-flexype-authorization)$/.test(name);

function Request({ attempt }: { attempt: Attempt }) {
  const headers = Object.entries(attempt.request_headers);
  return (
    <Side title="Request">
      <Group gap={4} wrap="nowrap" align="flex-start">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          <b>POST</b> <bdi>{attempt.url}</bdi>
        </Text>
        <Copy text={attempt.url} what="URL" />
      </Group>
      <Part title="Signature and secret">
        <Headers label="Signature headers" of={headers.filter(([name]) => isSignature(name))} />
      </Part>
      <Part title="Headers">
        <Headers label="Request headers" of={headers.filter(([name]) => !isSignature(name))} />
      </Part>
      <Part title="Body">
        {attempt.batch_id && (
          <Text size="sm">
            It went out in one request with other deliveries, <Code>{attempt.batch_id}</Code>. This is its
            own part.
          </Text>
        )}
        {attempt.request_body === null ? (
          <NoBody attempt={attempt} />
        ) : (
          <Body text={attempt.request_body} label="Request body" />
        )}
      </Part>
    </Side>
  );
}

/** Bodies are not stored: they are made again from the event and the endpoint. */
function NoBody({ attempt }: { attempt: Attempt }) {
  const past = usePastLog(madeAt(attempt.delivery_id));
  return (
    <Text size="sm">
      {past ? (
        <DeletedOn past={past} />
      ) : (
        'It cannot be shown: it is made again from the event and the endpoint, and one of them is deleted.'
      )}
    </Text>
  );
}

function Response({ attempt }: { attempt: Attempt }) {
  const { http_status: status, remote_ip: ip, response_body: text, response_body_state: state } = attempt;
  const note = BODY_STATES[state];
  return (
    <Side title="Response">
      <Text size="sm">
        {status ? (
          <>
            Status <b>{status}</b>
          </>
        ) : (
          'No answer'
        )}
        {ip && (
          <>
            {' '}
            from <bdi>{ip}</bdi>
          </>
        )}
      </Text>
      {status && (
        <>
          <Part title="Headers">
            <Headers label="Response headers" of={Object.entries(attempt.response_headers ?? {})} />
          </Part>
          <Part title="Body">
            {note && <Text size="sm">{note}</Text>}
            {text ? <Body text={text} label="Response body" /> : <Text size="sm">The body is empty.</Text>}
          </Part>
        </>
      )}
    </Side>
  );
}

function Side({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id} miw={0}>
      <Stack gap="sm">
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box>
      <Title order={3} size="sm" mb={4}>
        {title}
      </Title>
      <Stack gap={6}>{children}</Stack>
    </Box>
  );
}
