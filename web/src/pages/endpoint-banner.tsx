import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { RetryMany } from '../forms/retry-many';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { OUTCOMES, answer, todo } from '../ui/outcomes';
import { Time } from '../ui/time';
import { useRefusal } from './access';
import { ifItGoesOn, whoWasMailed } from './endpoint-mails';
import { failureOf } from './endpoint-state';
import { useEndpointStats } from './endpoint-stats';
import { OutcomeDocs } from './outcome-docs';

type Props = { owner: Owner; endpoint: Endpoint };

/** What is wrong with an endpoint, in plain words, and what to do. Nothing where nothing is. */
export function EndpointBanner({ owner, endpoint }: Props) {
  if (!endpoint.enabled) return <Disabled owner={owner} endpoint={endpoint} />;
  return (
    <>
      <Paused owner={owner} endpoint={endpoint} />
      <Failing owner={owner} endpoint={endpoint} />
    </>
  );
}

function Paused({ owner, endpoint }: Props) {
  const at = useEndpointStats(owner, endpoint.id).data?.paused_at;
  if (!at) return null;
  return (
    <Alert color="blue" title="Deliveries are held back">
      <Text size="sm">
        The platform paused them <Time at={at} />. Events wait, none is skipped, and they go out when the pause
        ends, the oldest first. Tests are sent all the same.
      </Text>
    </Alert>
  );
}

function Disabled({ owner, endpoint }: Props) {
  const why = {
    manual: 'Somebody disabled it.',
    failing: 'It was disabled because nothing had succeeded for days.',
    gone: 'It was disabled because it answered 410, which means gone.',
  };
  return (
    <Alert color="red" title="It receives nothing" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {endpoint.disabled_reason && why[endpoint.disabled_reason]}{' '}
          {endpoint.disabled_at && (
            <>
              That was <Time at={endpoint.disabled_at} />.{' '}
            </>
          )}
          New events are logged as skipped and can be retried by hand. What waited already is kept for up to
          72 hours; once the endpoint is enabled it is sent, the oldest first. {whoWasMailed(endpoint)}
        </Text>
        {owner.merchantId !== undefined && (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={paths.deliveries(owner.merchantId, { endpoint_id: endpoint.id, status: 'skipped' })}
          >
            What was skipped
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function Failing({ owner, endpoint }: Props) {
  const [asking, { open, close }] = useDisclosure();
  const stats = useEndpointStats(owner, endpoint.id).data;
  const last = failureOf(stats?.last_delivery);
  const waiting = stats?.waiting.count ?? 0;
  const since = endpoint.failing_since;
  const refused = useRefusal(owner)({ platform: 'operator', merchant: 'developer' });
  const advice = last && todo(last.outcome, last.http_status);
  if (!last && !since) return null;
  return (
    <Alert
      color="orange"
      role="alert"
      title={last ? `It fails: ${answer(last.outcome, last.http_status)}` : 'It fails'}
    >
      <Stack gap="xs">
        <Text size="sm">
          {since ? (
            <>
              Nothing has succeeded since <Time at={since} />.
            </>
          ) : (
            'The last delivery has not succeeded.'
          )}{' '}
          {waiting > 0 &&
            `${waiting === 1 ? '1 delivery waits' : `${waiting.toLocaleString()} deliveries wait`}. `}
          {last && OUTCOMES[last.outcome].meaning} {advice} {last && <OutcomeDocs outcome={last.outcome} />}
        </Text>
        <Text size="sm">{ifItGoesOn(endpoint)}</Text>
        {owner.merchantId !== undefined && (
          <Group gap="xs">
            <ActionButton size="xs" variant="default" disabledReason={refused} onClick={open}>
              Retry these
            </ActionButton>
            <Button
              size="xs"
              variant="default"
              component={Link}
              to={paths.deliveries(owner.merchantId, { endpoint_id: endpoint.id, status: 'failed' })}
            >
              What failed
            </Button>
          </Group>
        )}
      </Stack>
      {asking && owner.merchantId !== undefined && (
        <RetryMany
          merchantId={owner.merchantId}
          retried={{ filter: { endpoint_id: endpoint.id, status: 'failed' } }}
          onClose={close}
        />
      )}
    </Alert>
  );
}
