import { Alert, Button, Code, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { components } from '../api/__generated__/schema';
import { type Endpoint, type Owner, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { SecretRotate } from '../forms/secret-rotate';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { dialectInfo } from './dialects';

type Secrets = components['schemas']['Secrets'];
type Props = { owner: Owner; endpoint: Endpoint };
const MASKED = '••••••••••••••••';

/** The secrets, on request: every look is in the audit log. */
export function EndpointSecret({ owner, endpoint }: Props) {
  const [shown, setShown] = useState(false);
  const client = useQueryClient();
  const queryKey = ['secret', endpoint.id];
  const secrets = useQuery({
    queryKey,
    enabled: shown,
    // Not kept when nobody looks at it.
    gcTime: 0,
    queryFn: () => endpointsOf(owner).secrets(endpoint.id),
  });
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const { secretHeader } = dialectInfo(endpoint.dialect);
  const known = shown ? secrets.data : undefined;
  // Where the secret is what signs, there is one only.
  const isOne = endpoint.dialect === 'standard';
  return (
    <Stack maw={760}>
      <Paper withBorder p="md">
        <Stack>
          <Group justify="space-between">
            <Title order={2} size="h4">
              Secret
            </Title>
            <ActionButton
              variant="default"
              size="xs"
              disabledReason={refused}
              loading={shown && secrets.isPending}
              onClick={() => setShown(!shown)}
            >
              {shown ? 'Hide' : 'Reveal'}
            </ActionButton>
          </Group>
          {shown && secrets.isPending && <Loading rows={2} />}
          {shown && secrets.isError && !secrets.data && <Failed error={secrets.error} retry={() => secrets.refetch()} />}
          {!isOne && (
            <Value
              label="Secret"
              about={secretHeader ? `Sent in ${secretHeader}.` : 'Kept for you; this format does not send it.'}
              value={known?.secret}
            />
          )}
          <Value
            label="Signing secret"
            about={endpoint.signed ? 'Signs every request; never sent.' : 'The signature headers are switched off.'}
            value={known?.signing_secret}
          />
          <Text size="sm" c="dimmed">
            Who reveals them is in the audit log.
          </Text>
        </Stack>
      </Paper>
      {known?.previous_signs_until && Date.parse(known.previous_signs_until) > Date.now() && (
        <Previous owner={owner} endpoint={endpoint} until={known.previous_signs_until} />
      )}
      <SecretRotate
        owner={owner}
        endpoint={endpoint}
        refused={refused}
        onRotated={(fresh) => {
          client.setQueryData(queryKey, fresh);
          setShown(true);
        }}
      />
    </Stack>
  );
}

function Value({ label, about, value }: { label: string; about: string; value: string | undefined }) {
  return (
    <div>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Group gap="xs" wrap="nowrap">
        <Code style={{ overflowWrap: 'anywhere' }}>{value ?? MASKED}</Code>
        {value && <Copy text={value} what={label.toLowerCase()} />}
      </Group>
      <Text size="sm" c="dimmed">
        {about}
      </Text>
    </div>
  );
}

/** The secret before this one, while it signs too. */
function Previous({ owner, endpoint, until }: Props & { until: string }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => endpointsOf(owner).revokePrevious(endpoint.id),
    onSuccess: () =>
      client.setQueryData<Secrets>(
        ['secret', endpoint.id],
        (known) => known && { ...known, previous_signs_until: null },
      ),
  });
  return (
    <Alert color="blue" title="The old signing secret signs too">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          Requests carry two signatures until <Time at={until} />. Let the receiver change over before that.
        </Text>
        <Button size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
          Revoke it now
        </Button>
        {end.isError && <Text size="sm">{words(end.error)}</Text>}
      </Stack>
    </Alert>
  );
}
