import { Alert, Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { type Owner, endpointKey, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { WRITE_ENDPOINTS, useRefusal } from '../pages/access';
import { useOwner } from '../pages/endpoints';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { EMPTY, toCreate } from './endpoint-draft';
import { EndpointFields } from './endpoint-fields';
import { UnsavedGuard } from './unsaved-guard';

export function EndpointCreate() {
  const owner = useOwner();
  const client = useQueryClient();
  const [draft, setDraft] = useState(EMPTY);
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const create = useMutation({
    mutationFn: () => endpointsOf(owner).create(toCreate(draft)),
    onSuccess: () => client.invalidateQueries({ queryKey: endpointKey(owner) }),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    create.mutate();
  }
  if (create.isSuccess) return <Made endpoint={create.data} owner={owner} />;
  return (
    <form onSubmit={submit}>
      <Stack maw={760}>
        <Title order={1} size="h2">
          Add an endpoint
        </Title>
        <EndpointFields owner={owner} draft={draft} onChange={setDraft} error={create.error} />
        {create.isError && (
          <Alert color="red" role="alert" title="It was not added">
            {words(create.error)}
          </Alert>
        )}
        <Group>
          <ActionButton
            type="submit"
            loading={create.isPending}
            disabledReason={
              refused ?? (draft.event_types.length === 0 ? 'Choose at least one event.' : undefined)
            }
          >
            Add endpoint
          </ActionButton>
          <Button variant="default" component={Link} to={paths.endpointsOf(owner)}>
            Leave it
          </Button>
        </Group>
      </Stack>
      <UnsavedGuard unsaved={JSON.stringify(draft) !== JSON.stringify(EMPTY)} />
    </form>
  );
}

/** Its secrets, to take along now. */
function Made({
  endpoint,
  owner,
}: {
  endpoint: components['schemas']['CreatedEndpoint'];
  owner: Owner;
}) {
  const secrets = [['Signing secret', endpoint.signing_secret]];
  if (endpoint.secret !== endpoint.signing_secret) secrets.unshift(['Secret', endpoint.secret]);
  return (
    <Stack maw={760}>
      <Title order={1} size="h2">
        The endpoint is there
      </Title>
      <Alert color="green" title="Give these to the receiver">
        <Stack gap="xs">
          {secrets.map(([label = '', value = '']) => (
            <div key={label}>
              <Text size="sm">{label}</Text>
              <Group gap="xs" wrap="nowrap">
                <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
                <Copy text={value} what={label.toLowerCase()} />
              </Group>
            </div>
          ))}
          <Text size="sm">They can be looked up later by who may change the endpoint.</Text>
        </Stack>
      </Alert>
      <Group>
        <Button component={Link} to={paths.endpointOf(owner, endpoint.id, 'test')}>
          Send a test
        </Button>
        <Button variant="default" component={Link} to={paths.endpointOf(owner, endpoint.id, 'verify')}>
          Verify requests
        </Button>
        <Button variant="default" component={Link} to={paths.endpointOf(owner, endpoint.id)}>
          Go on to the endpoint
        </Button>
      </Group>
    </Stack>
  );
}
