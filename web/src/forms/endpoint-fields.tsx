import { Fieldset, PasswordInput, Radio, Stack, TextInput } from '@mantine/core';
import { DIALECTS, type Dialect, dialectInfo } from '../pages/dialects';
import { DeliveryFields } from './delivery-fields';
import { type EndpointDraft, secretFault } from './endpoint-draft';
import { EventPicker } from './event-picker';
import { faultAt } from './faults';
import { HeaderFields } from './header-fields';
import { UrlField } from './url-field';
import type { Endpoint, Owner } from '../api/endpoints';

type Props = {
  owner: Owner;
  draft: EndpointDraft;
  onChange: (draft: EndpointDraft) => void;
  error: unknown;
  /** The endpoint that is edited; none where one is added. */
  endpoint?: Endpoint;
};

/** What adding and editing an endpoint have in common. */
export function EndpointFields({ owner, draft, onChange, error, endpoint }: Props) {
  const change = (some: Partial<EndpointDraft>) => onChange({ ...draft, ...some });
  return (
    <Stack>
      <UrlField
        owner={owner}
        endpointId={endpoint?.id}
        value={draft.url}
        onChange={(url) => change({ url })}
        error={faultAt(error, '/url')}
      />
      <TextInput
        label="Description"
        description="What it is for, so that others know it again."
        maxLength={500}
        value={draft.description}
        error={faultAt(error, '/description')}
        onChange={(event) => change({ description: event.currentTarget.value })}
      />
      {!endpoint && (
        <DialectField
          value={draft.dialect}
          onChange={(dialect) => change({ dialect, event_types: [], batch: null, version: null })}
        />
      )}
      <EventPicker
        dialect={draft.dialect}
        chosen={draft.event_types}
        onChange={(event_types) => change({ event_types })}
        error={faultAt(error, '/event_types')}
      />
      {!endpoint && <SecretField draft={draft} change={change} error={faultAt(error, '/secret')} />}
      <HeaderFields
        headers={draft.headers}
        onChange={(headers) => change({ headers })}
        error={error}
      />
      <DeliveryFields draft={draft} change={change} error={error} isNew={!endpoint} />
    </Stack>
  );
}

function DialectField({ value, onChange }: { value: Dialect; onChange: (dialect: Dialect) => void }) {
  return (
    <Radio.Group
      label="Format"
      description="How requests look. It cannot be changed later."
      value={value}
      onChange={(chosen) => onChange(chosen as Dialect)}
    >
      <Stack gap="xs" mt="xs">
        {DIALECTS.map(({ name, label, about, success }) => (
          <Radio key={name} value={name} label={label} description={`${about} ${success}`} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function SecretField({
  draft,
  change,
  error,
}: {
  draft: EndpointDraft;
  change: (some: Partial<EndpointDraft>) => void;
  error?: string;
}) {
  const { secret, dialect } = draft;
  const header = dialectInfo(dialect).secretHeader;
  return (
    <Fieldset legend="Secret">
      <Stack>
        <Radio.Group
          label="The receiver knows our requests by it"
          value={secret === null ? 'made' : 'own'}
          onChange={(value) => change({ secret: value === 'own' ? '' : null })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="made" label="Make one" />
            <Radio value="own" label="Use one of your own" />
          </Stack>
        </Radio.Group>
        {secret !== null && (
          <PasswordInput
            label="Your secret"
            description={header ? `Sent in ${header}.` : undefined}
            autoComplete="off"
            value={secret}
            error={error ?? (secret ? secretFault(dialect, secret) : undefined)}
            onChange={(event) => change({ secret: event.currentTarget.value })}
            required
          />
        )}
      </Stack>
    </Fieldset>
  );
}
