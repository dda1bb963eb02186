import { Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { MerchantPick } from '../pages/merchant-pick';
import { usePause } from '../pages/pauses';
import { Confirm } from '../ui/confirm';

type Scope = 'all' | 'merchant' | 'host';
const EFFECTS: Record<Scope, string> = {
  all: 'Nothing is sent to any endpoint of any merchant.',
  merchant: 'Nothing is sent to any endpoint of this merchant.',
  host: 'Nothing is sent to any endpoint at this host, whosever it is.',
};

/** Pauses deliveries: all, a merchant's, or those to a host. It asks why. */
export function PauseCreate({ onClose }: { onClose: () => void }) {
  const [scope, setScope] = useState<Scope>('host');
  const [merchant, setMerchant] = useState<string | null>(null);
  const [host, setHost] = useState('');
  const [reason, setReason] = useState('');
  const pause = usePause();
  return (
    <Confirm
      title="Pause deliveries"
      action="Pause"
      busy={pause.isPending}
      error={pause.error}
      onClose={onClose}
      onConfirm={() =>
        pause.mutate(
          {
            scope,
            reason: reason.trim(),
            ...(scope === 'merchant' && { merchant_id: merchant }),
            ...(scope === 'host' && { host: host.trim() }),
          },
          { onSuccess: onClose },
        )
      }
    >
      <Stack>
        <Radio.Group label="What" value={scope} onChange={(value) => setScope(value as Scope)}>
          <Stack gap={6} mt={4}>
            <Radio value="host" label="One host" />
            <Radio value="merchant" label="One merchant" />
            <Radio value="all" label="Everything" />
          </Stack>
        </Radio.Group>
        {scope === 'host' && (
          <TextInput
            label="Host"
            placeholder="hooks.example.com"
            value={host}
            onChange={(event) => setHost(event.currentTarget.value)}
            required
          />
        )}
        {scope === 'merchant' && (
          <MerchantPick label="Merchant" value={merchant} onChange={setMerchant} required />
        )}
        <TextInput
          label="Reason"
          description="Everybody of the platform sees it, and the audit log keeps it."
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          required
        />
        <Text size="sm">
          {EFFECTS[scope]} Events are still taken in; their deliveries and retries wait until it is
          resumed. What is being sent finishes.
        </Text>
      </Stack>
    </Confirm>
  );
}
