import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { paths } from '../path-builder';
import { Confirm } from '../ui/confirm';
import { Time } from '../ui/time';
import { Actor } from './actor';
import { useMerchant } from './me';
import { type Pause, usePauses, useResume } from './pauses';

/** Says on every page of the platform's people what is paused, by whom, and why. */
export function PauseBanner({ mayResume }: { mayResume: boolean }) {
  const pauses = usePauses(true);
  const resume = useResume();
  const [asked, setAsked] = useState<Pause>();
  const rows = pauses.data?.data ?? [];
  if (rows.length === 0) return null;
  return (
    <Alert
      color="orange"
      title="Deliveries are paused"
      icon={<IconPlayerPause aria-hidden />}
      mb="md"
      role="region"
      aria-label="Paused"
    >
      <Stack gap={4}>
        {rows.map((pause) => (
          <Group key={pause.id} gap="xs">
            <Text size="sm">
              <What pause={pause} />: <bdi>{pause.reason}</bdi> (
              <Actor id={pause.paused_by} merchantId={pause.merchant_id ?? undefined} />,{' '}
              <Time at={pause.paused_at} />)
            </Text>
            {mayResume && (
              <Button size="compact-xs" variant="default" onClick={() => setAsked(pause)}>
                Resume
              </Button>
            )}
          </Group>
        ))}
      </Stack>
      {asked && (
        <Confirm
          title="Resume these deliveries?"
          action="Resume"
          danger={false}
          busy={resume.isPending}
          error={resume.error}
          onClose={() => setAsked(undefined)}
          onConfirm={() => resume.mutate(asked.id, { onSuccess: () => setAsked(undefined) })}
        >
          <Text size="sm">What waited goes out now, oldest first.</Text>
        </Confirm>
      )}
    </Alert>
  );
}

function What({ pause }: { pause: Pause }) {
  const merchant = useMerchant(pause.merchant_id ?? undefined);
  if (pause.scope === 'all') return <b>everything</b>;
  if (pause.scope === 'host')
    return (
      <>
        host <bdi>{pause.host}</bdi>
      </>
    );
  const owner = pause.merchant_id ?? '';
  if (pause.scope === 'endpoint')
    return (
      <>
        endpoint <bdi>{pause.endpoint_id}</bdi>
      </>
    );
  return (
    <Anchor component={Link} size="sm" to={paths.deliveries(owner)}>
      <bdi>{merchant.data?.name ?? owner}</bdi>
    </Anchor>
  );
}
