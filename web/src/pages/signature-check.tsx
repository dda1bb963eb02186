import { Alert, Group, Paper, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { type Endpoint, type Owner, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { ActionButton } from '../ui/action-button';
import { checkSignature, headersOf } from '../ui/signature';
import { WRITE_ENDPOINTS, useRefusal } from './access';

const MONOSPACE = { input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } };

/** Says whether a request that somebody got was signed with this endpoint's secret, or why not. */
export function SignatureCheck({ owner, endpoint }: { owner: Owner; endpoint: Endpoint }) {
  const [headers, setHeaders] = useState('');
  const [body, setBody] = useState('');
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const check = useMutation({
    mutationFn: async () => {
      const { signing_secret } = await endpointsOf(owner).secrets(endpoint.id);
      return checkSignature(headersOf(headers), body, signing_secret);
    },
  });
  // Browsers sign only for pages that came safely.
  const unsafe = window.isSecureContext ? undefined : 'Open the dashboard over https for this.';
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Check a request
        </Title>
        <Text size="sm">
          Paste what your receiver got. It is checked in this page against the present signing secret and goes
          nowhere; that the secret was looked at is in the audit log.
        </Text>
        <Textarea
          label="Headers"
          description="One on a line."
          placeholder={'webhook-id: evt_…\nwebhook-timestamp: …\nwebhook-signature: v1,…'}
          value={headers}
          onChange={(event) => setHeaders(event.currentTarget.value)}
          autosize
          minRows={3}
          maxRows={10}
          spellCheck={false}
          dir="ltr"
          styles={MONOSPACE}
        />
        <Textarea
          label="Body"
          description="As it came, to the last space."
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
          autosize
          minRows={3}
          maxRows={10}
          spellCheck={false}
          dir="ltr"
          styles={MONOSPACE}
        />
        <Group>
          <ActionButton
            variant="default"
            loading={check.isPending}
            disabledReason={refused ?? unsafe ?? (headers.trim() ? undefined : 'Paste the headers first.')}
            onClick={() => check.mutate()}
          >
            Check
          </ActionButton>
        </Group>
        {check.isError && (
          <Alert color="red" role="alert">
            {words(check.error)}
          </Alert>
        )}
        {check.data && (
          <Alert color={check.data.good ? 'green' : 'red'} title={check.data.good ? '✓ Genuine' : '✕ Not genuine'} role="status">
            {check.data.text}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}
