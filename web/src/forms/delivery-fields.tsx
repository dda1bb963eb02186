import { Fieldset, Group, NumberInput, Radio, Select, Stack, Switch, TextInput } from '@mantine/core';
import { dialectInfo } from '../pages/dialects';
import type { EndpointDraft } from './endpoint-draft';
import { faultAt } from './faults';

type Props = {
  draft: EndpointDraft;
  change: (change: Partial<EndpointDraft>) => void;
  error: unknown;
  /** An endpoint keeps its payload version. */
  isNew: boolean;
};

/** How an endpoint is delivered to: all of it has a default. */
export function DeliveryFields({ draft, change, error, isNew }: Props) {
  const dialect = dialectInfo(draft.dialect);
  return (
    <Fieldset legend="Delivery">
      <Stack>
        <Group align="start" grow preventGrowOverflow={false}>
          <TextInput
            label="Timeout"
            placeholder={dialect.timeout}
            description="For a whole attempt, like 5s. Empty: the format's."
            value={draft.timeout}
            error={faultAt(error, '/timeout')}
            onChange={(event) => change({ timeout: event.currentTarget.value })}
          />
          <NumberInput
            label="Requests a second, at most"
            placeholder="no limit"
            description="More wait for their turn. Empty: no limit."
            min={1}
            allowDecimal={false}
            value={draft.rate_limit ?? ''}
            error={faultAt(error, '/rate_limit')}
            onChange={(value) => change({ rate_limit: value === '' ? null : Number(value) })}
          />
        </Group>
        <Radio.Group
          label="Retries after a failure"
          value={draft.schedule === null ? 'default' : 'own'}
          onChange={(value) => change({ schedule: value === 'own' ? '' : null })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="default" label={`As the format does: after ${dialect.schedule}`} />
            <Radio value="own" label="On a schedule of your own" />
          </Stack>
        </Radio.Group>
        {draft.schedule !== null && (
          <TextInput
            label="Schedule"
            placeholder="1m, 5m, 15m"
            description="Delays between attempts, 20 at most. Empty: no retries."
            value={draft.schedule}
            error={faultAt(error, '/schedule')}
            onChange={(event) => change({ schedule: event.currentTarget.value })}
          />
        )}
        {dialect.batches && <BatchFields draft={draft} change={change} error={error} />}
        <Switch
          label="Send the Standard Webhooks signature headers"
          description="They prove that a request comes from here and that nobody changed it. Receivers that do not know them ignore them."
          checked={draft.signed}
          disabled={draft.dialect === 'standard'}
          onChange={(event) => change({ signed: event.currentTarget.checked })}
        />
        <Select
          label="Payload version"
          description={
            isNew ? 'It stays until you choose another.' : 'It was chosen when the endpoint was added.'
          }
          data={dialect.versions}
          value={draft.version ?? dialect.versions[0]}
          disabled={!isNew}
          allowDeselect={false}
          error={faultAt(error, '/version')}
          onChange={(version) => change({ version })}
          w={280}
        />
      </Stack>
    </Fieldset>
  );
}

function BatchFields({ draft, change, error }: Omit<Props, 'isNew'>) {
  const { batch } = draft;
  return (
    <>
      <Switch
        label="Collect events"
        description="One request then carries several events."
        checked={batch !== null}
        onChange={(event) =>
          change({ batch: event.currentTarget.checked ? { max_events: 20, max_wait: '1s' } : null })
        }
      />
      {batch && (
        <Group align="start" grow preventGrowOverflow={false}>
          <NumberInput
            label="Events in a request, at most"
            min={2}
            max={100}
            value={batch.max_events}
            error={faultAt(error, '/batch/max_events')}
            onChange={(value) => change({ batch: { ...batch, max_events: Number(value) } })}
          />
          <TextInput
            label="The first one waits, at most"
            description="100ms to 1m"
            value={batch.max_wait}
            error={faultAt(error, '/batch/max_wait')}
            onChange={(event) => change({ batch: { ...batch, max_wait: event.currentTarget.value } })}
          />
        </Group>
      )}
    </>
  );
}
