import { Alert, Anchor, Button, Code, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { words } from '../api/errors';
import { EndpointDelete } from '../forms/endpoint-delete';
import { EndpointPause } from '../forms/endpoint-pause';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { Time } from '../ui/time';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { dialectInfo } from './dialects';
import { EndpointState } from './endpoint-state';
import { useEndpointStats } from './endpoint-stats';
import { EFFECT, useToggle } from './endpoint-toggle';

type Props = { owner: Owner; endpoint: Endpoint };

/** Which endpoint it is, how it stands, and what can be done with it. */
export function EndpointHead({ owner, endpoint }: Props) {
  const stats = useEndpointStats(owner, endpoint.id);
  return (
    <Stack gap="xs">
      <div>
        <Anchor component={Link} size="sm" to={paths.endpointsOf(owner)}>
          {owner.merchantId === undefined ? 'App' : 'Endpoints'}
        </Anchor>
        <Group justify="space-between" align="start">
          <Group gap={4} wrap="nowrap">
            <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
              <bdi>{endpoint.url}</bdi>
            </Title>
            <Copy text={endpoint.url} what="URL" />
          </Group>
          <Actions owner={owner} endpoint={endpoint} />
        </Group>
      </div>
      {endpoint.description && (
        <Text>
          <bdi>{endpoint.description}</bdi>
        </Text>
      )}
      <Group gap="md">
        <EndpointState endpoint={endpoint} doing={stats.data} since />
        <Text size="sm">{dialectInfo(endpoint.dialect).label}</Text>
        <Text size="sm">
          added <Time at={endpoint.created_at} />
        </Text>
        <Group gap={4} wrap="nowrap">
          <Code>{endpoint.id}</Code>
          <Copy text={endpoint.id} what="endpoint id" />
        </Group>
      </Group>
    </Stack>
  );
}

function Actions({ owner, endpoint }: Props) {
  const [deleting, { open, close }] = useDisclosure();
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const toggle = useToggle(owner, endpoint);
  const refusal = useRefusal();
  const ofPlatform = !refusal({ platform: 'viewer' });
  const effect = endpoint.enabled ? EFFECT.disable : EFFECT.enable;
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {owner.merchantId !== undefined && (
          <Button
            variant="default"
            component={Link}
            to={paths.deliveries(owner.merchantId, { endpoint_id: endpoint.id })}
          >
            Deliveries
          </Button>
        )}
        {!refused && (
          <Button variant="default" component={Link} to={paths.editEndpoint(owner, endpoint.id)}>
            Edit
          </Button>
        )}
        {ofPlatform && (
          <EndpointPause endpoint={endpoint} refused={refusal({ platform: 'operator' })} />
        )}
        <Tooltip label={effect} disabled={!!refused} multiline w={280} events={{ hover: true, focus: true, touch: true }}>
          <span>
            <ActionButton
              variant="default"
              disabledReason={refused}
              loading={toggle.isPending}
              onClick={() => toggle.mutate()}
            >
              {endpoint.enabled ? 'Disable' : 'Enable'}
            </ActionButton>
          </span>
        </Tooltip>
        <ActionButton variant="outline" color="red" disabledReason={refused} onClick={open}>
          Delete
        </ActionButton>
      </Group>
      {toggle.isError && (
        <Alert color="red" role="alert">
          {words(toggle.error)}
        </Alert>
      )}
      {deleting && <EndpointDelete owner={owner} endpoint={endpoint} onClose={close} />}
    </Stack>
  );
}
