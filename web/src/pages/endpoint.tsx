import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  JsonInput,
  Modal,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { AttemptView } from './attempt-view';
import { useEventTypes } from './event-types';

type Endpoint = components['schemas']['Endpoint'];

export function EndpointPage() {
  const { merchantId = '', endpointId = '' } = useParams();
  const path = { merchant_id: merchantId, endpoint_id: endpointId };
  const endpoint = useQuery({
    queryKey: ['endpoint', endpointId],
    queryFn: () =>
      data(api.GET('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}', { params: { path } })),
  });
  if (endpoint.isPending) return <Loading />;
  if (endpoint.isError) return <Failed error={endpoint.error} retry={() => endpoint.refetch()} />;
  return (
    <Stack>
      <Head endpoint={endpoint.data} path={path} />
      <TestSend endpoint={endpoint.data} path={path} />
      <Secret path={path} />
    </Stack>
  );
}

type PathOf = { merchant_id: string; endpoint_id: string };

function Head({ endpoint, path }: { endpoint: Endpoint; path: PathOf }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, { open, close }] = useDisclosure();
  const changed = () => {
    client.invalidateQueries({ queryKey: ['endpoint', path.endpoint_id] });
    client.invalidateQueries({ queryKey: ['endpoints', path.merchant_id] });
  };
  const toggle = useMutation({
    mutationFn: () =>
      endpoint.enabled
        ? data(
            api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/disable', {
              params: { path },
            }),
          )
        : data(
            api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/enable', {
              params: { path },
            }),
          ),
    onSuccess: changed,
  });
  const remove = useMutation({
    mutationFn: () =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}', { params: { path } }),
      ),
    onSuccess: () => {
      changed();
      navigate(paths.endpoints(path.merchant_id));
    },
  });
  const host = URL.parse(endpoint.url)?.host ?? endpoint.url;
  const [typed, setTyped] = useState('');
  const error = toggle.error ?? remove.error;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
          <bdi>{endpoint.url}</bdi>
        </Title>
        <Group gap="xs">
          <Button
            variant="default"
            component={Link}
            to={paths.deliveries(path.merchant_id, { endpoint_id: endpoint.id })}
          >
            Deliveries
          </Button>
          <Button variant="default" onClick={() => toggle.mutate()} loading={toggle.isPending}>
            {endpoint.enabled ? 'Disable' : 'Enable'}
          </Button>
          <Button variant="outline" color="red" onClick={open}>
            Delete
          </Button>
        </Group>
      </Group>
      <Group gap="xs">
        <Badge variant="light" color={endpoint.enabled ? 'green' : 'red'} autoContrast>
          {endpoint.enabled ? 'active' : `disabled: ${endpoint.disabled_reason}`}
        </Badge>
        <Text size="sm">{endpoint.dialect}</Text>
        <Text size="sm">
          added <Time at={endpoint.created_at} />
        </Text>
        <Code>{endpoint.id}</Code>
        <Copy text={endpoint.id} what="endpoint id" />
      </Group>
      {endpoint.description && (
        <Text>
          <bdi>{endpoint.description}</bdi>
        </Text>
      )}
      {!endpoint.enabled && (
        <Alert color="red" title="It receives nothing">
          Events that happen meanwhile are logged as skipped and can be retried later.
          {endpoint.disabled_at && (
            <>
              {' '}
              Disabled <Time at={endpoint.disabled_at} />.
            </>
          )}
        </Alert>
      )}
      {endpoint.enabled && endpoint.failing_since && (
        <Alert color="orange" title="It fails">
          Nothing has succeeded since <Time at={endpoint.failing_since} />.
        </Alert>
      )}
      <Text size="sm">Receives {endpoint.event_types.join(', ') || 'no events'}.</Text>
      {error && (
        <Alert color="red" role="alert">
          {words(error)}
        </Alert>
      )}
      <Modal opened={asking} onClose={close} title="Delete this endpoint?">
        <Stack>
          <Text size="sm">
            What waits for it is not sent any more. Its log stays until it ages out.
          </Text>
          <TextInput
            label={`Type ${host} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button
            color="red"
            disabled={typed !== host}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            Delete
          </Button>
        </Stack>
      </Modal>
    </Stack>
  );
}

/** Sends an example and shows what came of it, in place. */
function TestSend({ endpoint, path }: { endpoint: Endpoint; path: PathOf }) {
  const types = useEventTypes();
  const [name, setName] = useState(endpoint.event_types[0] ?? null);
  const [edited, setEdited] = useState<string>();
  const example = types.data?.data.find((type) => type.name === name)?.example;
  const payload = edited ?? JSON.stringify(example ?? {}, null, 2);
  const send = useMutation({
    mutationFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/test', {
          params: { path },
          body: { event_type: name, payload: edited === undefined ? undefined : JSON.parse(edited) },
        }),
      ),
  });
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Send a test
        </Title>
        <Select
          label="Event type"
          data={endpoint.event_types}
          value={name}
          onChange={(value) => {
            setName(value);
            setEdited(undefined);
          }}
          maw={320}
        />
        <JsonInput
          label="Payload"
          value={payload}
          onChange={setEdited}
          validationError="This is no JSON"
          autosize
          minRows={4}
          maxRows={16}
        />
        <Group>
          <Button onClick={() => send.mutate()} loading={send.isPending} disabled={!name}>
            Send test
          </Button>
          <Text size="sm">It is marked as a test and counts for nothing.</Text>
        </Group>
        {send.isError && (
          <Alert color="red" role="alert">
            {words(send.error)}
          </Alert>
        )}
        {send.data && <AttemptView attempt={send.data} />}
      </Stack>
    </Paper>
  );
}

/** The secret, on request: every look is in the audit log. */
function Secret({ path }: { path: PathOf }) {
  const client = useQueryClient();
  const [shown, setShown] = useState(false);
  const [overlap, setOverlap] = useState<string | null>('24h');
  const secrets = useQuery({
    queryKey: ['secret', path.endpoint_id],
    enabled: shown,
    gcTime: 0,
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/secret', {
          params: { path },
        }),
      ),
  });
  const rotate = useMutation({
    mutationFn: (span: string) =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/secret/rotate', {
          params: { path },
          body: { overlap: span },
        }),
      ),
    onSuccess: (fresh) => {
      setShown(true);
      client.setQueryData(['secret', path.endpoint_id], fresh);
    },
  });
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          Secret
        </Title>
        {!shown && (
          <Group>
            <Button variant="default" onClick={() => setShown(true)}>
              Reveal
            </Button>
            <Text size="sm">Who looked is in the audit log.</Text>
          </Group>
        )}
        {shown && secrets.isPending && <Loading rows={2} />}
        {secrets.isError && <Failed error={secrets.error} retry={() => secrets.refetch()} />}
        {shown && secrets.data && (
          <Stack gap="xs">
            {[
              ['Secret', secrets.data.secret],
              ['Signing secret', secrets.data.signing_secret],
            ].map(([label, value]) => (
              <Group key={label} gap="xs">
                <Text size="sm" w={110}>
                  {label}
                </Text>
                <Code>{value}</Code>
                <Copy text={value ?? ''} what={(label ?? '').toLowerCase()} />
              </Group>
            ))}
            {secrets.data.previous_signs_until && (
              <Group>
                <Text size="sm">
                  The old signing secret signs too; it ends{' '}
                  <Time at={secrets.data.previous_signs_until} />.
                </Text>
              </Group>
            )}
          </Stack>
        )}
        <Group align="end">
          <Select
            label="The old one signs for"
            data={['0s', '24h', '72h']}
            value={overlap}
            onChange={setOverlap}
            w={180}
          />
          <Button
            variant="default"
            loading={rotate.isPending}
            onClick={() => rotate.mutate(overlap ?? '24h')}
          >
            Rotate
          </Button>
        </Group>
        {rotate.isError && (
          <Alert color="red" role="alert">
            {words(rotate.error)}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}
