import { Alert, Group, List, Text, ThemeIcon } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { NewTab } from '../ui/new-tab';
import { ms } from '../ui/span';
import { Time } from '../ui/time';

type Check = components['schemas']['EndpointCheck'];
type StepName = Check['steps'][number]['name'];

const STEPS: Record<StepName, string> = {
  dns: 'Look up the name',
  connect: 'Connect',
  tls: 'Secure the connection',
  post: 'Send a request',
};
/** A certificate that ends before this is soon forgotten. */
const SOON = 14 * 86_400_000;

/** Calls a URL on request and tells how far that goes. */
export function UrlReach({
  merchantId,
  url,
  isAccepted,
}: {
  merchantId: string;
  url: string;
  isAccepted: boolean;
}) {
  const call = useMutation({
    mutationFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoint-checks', {
          params: { path: { merchant_id: merchantId } },
          body: { url, reach: true },
        }),
      ),
  });
  // What was found out is about another URL.
  useEffect(() => call.reset(), [url]);
  return (
    <>
      <Group>
        <ActionButton
          size="xs"
          variant="default"
          loading={call.isPending}
          disabledReason={isAccepted ? undefined : 'Type a URL that can be used first.'}
          onClick={() => call.mutate()}
        >
          Try to reach it
        </ActionButton>
        <Text size="sm" c="dimmed">
          It gets a POST with an empty JSON object.
        </Text>
      </Group>
      {call.isError && (
        <Alert color="red" role="alert">
          {words(call.error)}
        </Alert>
      )}
      {call.data && <Steps check={call.data} />}
    </>
  );
}

function Steps({ check }: { check: Check }) {
  const { certificate } = check;
  return (
    <section aria-label="How calling it went" aria-live="polite">
      <List size="sm" spacing={6} center={false}>
        {check.steps.map((step) => (
          <List.Item
            key={step.name}
            icon={
              <ThemeIcon size={20} radius="xl" color={step.ok ? 'green' : 'red'} aria-label={step.ok ? 'Went well' : 'Failed'}>
                {step.ok ? '✓' : '✕'}
              </ThemeIcon>
            }
          >
            <b>{STEPS[step.name]}</b>
            {step.duration_ms !== null && `, ${ms(step.duration_ms)}`}
            <Text size="sm">{step.detail}</Text>
            {step.name === 'tls' && certificate && <Certificate certificate={certificate} />}
          </List.Item>
        ))}
      </List>
      {check.steps.some(({ ok }) => !ok) && (
        <Text size="sm" mt={6}>
          <NewTab href={paths.outcomes()}>More about how calls end</NewTab>
        </Text>
      )}
    </section>
  );
}

function Certificate({ certificate }: { certificate: NonNullable<Check['certificate']> }) {
  const isSoon = Date.parse(certificate.expires_at) - Date.now() < SOON;
  return (
    <Text size="sm">
      Certificate of <bdi>{certificate.subject}</bdi>, issued by <bdi>{certificate.issuer}</bdi>,{' '}
      {isSoon && <b>ends soon: </b>}
      good until <Time at={certificate.expires_at} />
    </Text>
  );
}
