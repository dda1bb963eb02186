import { Alert, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { type Endpoint, type Owner, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { isJsonObject, rawJson } from '../api/raw-json';
import { ActionButton } from '../ui/action-button';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { AttemptView } from './attempt-view';
import { useEventType } from './event-types';

/** Sends an example and shows what came of it, in place. */
export function EndpointTest({ owner, endpoint }: { owner: Owner; endpoint: Endpoint }) {
  const [search, setSearch] = useSearchParams();
  const chosen = search.get('event_type');
  const name = endpoint.event_types.find((one) => one === chosen) ?? endpoint.event_types[0] ?? null;
  const [edited, setEdited] = useState<string>();
  const example = useEventType(name);
  const payload = edited ?? example.data?.example ?? '';
  const isWrong = edited !== undefined && !isJsonObject(edited);
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const send = useMutation({
    mutationFn: () =>
      endpointsOf(owner).test(endpoint.id, {
        event_type: name,
        payload: edited === undefined ? undefined : rawJson(edited),
      }),
  });
  return (
    <Stack>
      <Group align="end">
        <Select
          label="Event type"
          data={endpoint.event_types}
          value={name}
          allowDeselect={false}
          searchable
          onChange={(value) => {
            setSearch({ tab: 'test', event_type: value ?? '' }, { replace: true });
            setEdited(undefined);
          }}
          w={320}
        />
        {edited !== undefined && (
          <ActionButton variant="default" onClick={() => setEdited(undefined)}>
            Back to the example
          </ActionButton>
        )}
      </Group>
      <Textarea
        label="Payload"
        description="Sent as it is spelled here: every digit stays."
        value={payload}
        onChange={(event) => setEdited(event.currentTarget.value)}
        error={isWrong ? 'This is no JSON object' : undefined}
        autosize
        minRows={6}
        maxRows={20}
        spellCheck={false}
        dir="ltr"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      />
      <Group>
        <ActionButton
          loading={send.isPending}
          disabledReason={
            refused ??
            (name === null ? 'It takes no event.' : undefined) ??
            (isWrong ? 'The payload is no JSON object.' : undefined)
          }
          onClick={() => send.mutate()}
        >
          Send test
        </ActionButton>
        <Text size="sm">
          It goes out with the real headers and secret, is marked as a test, and counts for nothing.
          {!endpoint.enabled && ' It is sent although the endpoint is disabled.'}
        </Text>
      </Group>
      {send.isError && (
        <Alert color="red" role="alert">
          {words(send.error)}
        </Alert>
      )}
      {send.data && <AttemptView attempt={send.data} />}
    </Stack>
  );
}
