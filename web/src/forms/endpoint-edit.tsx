import { Alert, Button, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { type Endpoint, type Owner, endpointKey, endpointsOf } from '../api/endpoints';
import { words } from '../api/errors';
import { WRITE_ENDPOINTS, useRefusal } from '../pages/access';
import { useEndpoint, useOwner } from '../pages/endpoints';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Failed, Loading } from '../ui/states';
import { draftOf, toUpdate } from './endpoint-draft';
import { EndpointFields } from './endpoint-fields';
import { UnsavedGuard } from './unsaved-guard';

export function EndpointEdit() {
  const owner = useOwner();
  const { endpointId = '' } = useParams();
  const endpoint = useEndpoint(owner, endpointId);
  if (endpoint.isPending) return <Loading />;
  if (!endpoint.data) return <Failed error={endpoint.error} retry={() => endpoint.refetch()} />;
  return <Edit owner={owner} endpoint={endpoint.data} />;
}

function Edit({ owner, endpoint }: { owner: Owner; endpoint: Endpoint }) {
  // What was there when editing began: a refresh in the background must not take anything away.
  const [base] = useState(endpoint);
  const [draft, setDraft] = useState(() => draftOf(base));
  const client = useQueryClient();
  const navigate = useNavigate();
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const changes = toUpdate(draft, base);
  const isChanged = Object.keys(changes).length > 0;
  const save = useMutation({
    mutationFn: () => endpointsOf(owner).update(base.id, changes),
    onSuccess: (fresh) => {
      client.setQueryData(endpointKey(owner, base.id), fresh);
      client.invalidateQueries({ queryKey: endpointKey(owner) });
    },
  });
  // Only once the guard knows that nothing is left to lose.
  useEffect(() => {
    if (save.isSuccess) navigate(paths.endpointOf(owner, base.id));
  }, [save.isSuccess]);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <form onSubmit={submit}>
      <Stack maw={760}>
        <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
          Edit <bdi>{base.url}</bdi>
        </Title>
        <EndpointFields
          owner={owner}
          draft={draft}
          onChange={setDraft}
          error={save.error}
          endpoint={base}
        />
        {endpoint.updated_at !== base.updated_at && !save.isSuccess && (
          <Alert color="orange" title="Somebody else has changed it meanwhile">
            Only what you changed here is saved; the rest stays as they left it.
          </Alert>
        )}
        {save.isError && (
          <Alert color="red" role="alert" title="It was not saved">
            {words(save.error)}
          </Alert>
        )}
        {isChanged && <Changes changes={changes} base={base} />}
        <Group>
          <ActionButton
            type="submit"
            loading={save.isPending}
            disabledReason={
              refused ??
              (!isChanged ? 'Nothing has changed.' : undefined) ??
              (draft.event_types.length === 0 ? 'Choose at least one event.' : undefined)
            }
          >
            Save
          </ActionButton>
          <Button variant="default" component={Link} to={paths.endpointOf(owner, base.id)}>
            Leave it
          </Button>
        </Group>
      </Stack>
      <UnsavedGuard unsaved={isChanged && !save.isSuccess} />
    </form>
  );
}

/** What saving changes, from what to what. */
function Changes({ changes, base }: { changes: object; base: Endpoint }) {
  const told = (value: unknown) =>
    value === null || value === '' ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
  return (
    <Alert color="blue" title="Saving changes" aria-live="polite">
      <Stack gap={4}>
        {Object.entries(changes).map(([field, value]) => (
          <Text key={field} size="sm" style={{ overflowWrap: 'anywhere' }}>
            {field.replace(/_/g, ' ')}: <Code>{told(base[field as keyof Endpoint])}</Code> →{' '}
            <Code>{told(value)}</Code>
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}
