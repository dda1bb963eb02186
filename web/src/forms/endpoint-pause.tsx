import { Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Endpoint } from '../api/endpoints';
import { usePause, usePauses, useResume } from '../pages/pauses';
import { ActionButton } from '../ui/action-button';
import { Confirm } from '../ui/confirm';

/** Holds back what goes to an endpoint, or lets it go again: for operators of the platform. */
export function EndpointPause({ endpoint, refused }: { endpoint: Endpoint; refused: string | undefined }) {
  const client = useQueryClient();
  const [isAsked, setIsAsked] = useState(false);
  const [reason, setReason] = useState('');
  const held = usePauses(true).data?.data.find((one) => one.endpoint_id === endpoint.id);
  const pause = usePause();
  const resume = useResume();
  const change = held ? resume : pause;
  const onSuccess = () => {
    setIsAsked(false);
    setReason('');
    client.invalidateQueries({ queryKey: ['endpoint-stats', endpoint.id] });
    client.invalidateQueries({ queryKey: ['endpoint-summaries'] });
  };
  function confirm() {
    if (held) resume.mutate(held.id, { onSuccess });
    else pause.mutate({ scope: 'endpoint', endpoint_id: endpoint.id, reason: reason.trim() }, { onSuccess });
  }
  return (
    <>
      <ActionButton
        variant="default"
        aria-label={held ? 'Resume this endpoint' : 'Pause this endpoint'}
        disabledReason={refused}
        onClick={() => setIsAsked(true)}
      >
        {held ? 'Resume' : 'Pause'}
      </ActionButton>
      {isAsked && (
        <Confirm
          title={held ? 'Resume this endpoint?' : 'Pause this endpoint?'}
          action={held ? 'Resume' : 'Pause'}
          danger={false}
          busy={change.isPending}
          error={change.error}
          onClose={() => setIsAsked(false)}
          onConfirm={confirm}
        >
          <Text size="sm">
            {held
              ? 'What waited goes out now, the oldest first.'
              : 'Events wait until you resume it; none is skipped. What is on its way is finished.'}
          </Text>
          {!held && (
            <TextInput
              label="Why"
              description="For other people."
              value={reason}
              maxLength={500}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Confirm>
      )}
    </>
  );
}
