import { Fieldset, Group, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { components } from '../api/__generated__/schema';
import type { Failure } from '../api/errors';
import { rawJson } from '../api/raw-json';
import { isZoneOf, timeZones } from './time-zones';

type Merchant = components['schemas']['Merchant'];
type Settings = components['schemas']['MerchantSettings'];

/** What a merchant is, as a form. */
export function MerchantFields({ known, failure }: { known?: Merchant; failure?: Failure }) {
  const fault = (pointer: string) => failure?.field(pointer);
  const store = known?.store;
  return (
    <Stack>
      <TextInput
        name="name"
        label="Name"
        description="What people call the merchant."
        defaultValue={known?.name}
        error={fault('/name')}
        required
      />
      <Fieldset legend="Store">
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            name="store_name"
            label="Store name"
            defaultValue={store?.name}
            error={fault('/store/name')}
            required
          />
          <TextInput
            name="store_id"
            label="Store id"
            placeholder={known ? undefined : "the merchant's own id"}
            defaultValue={store?.id}
            error={fault('/store/id')}
          />
          <TextInput
            name="shopify_domain"
            label="Shopify domain"
            placeholder="my-store.myshopify.com"
            defaultValue={store?.shopify_domain ?? ''}
            error={fault('/store/shopify_domain')}
          />
          <TextInput
            name="main_domain"
            label="Main domain"
            placeholder="shop.example.com"
            defaultValue={store?.main_domain ?? ''}
            error={fault('/store/main_domain')}
          />
          <TextInput
            name="currency"
            label="Currency"
            placeholder="USD"
            maxLength={3}
            defaultValue={store?.currency ?? ''}
            error={fault('/store/currency')}
          />
          <TextInput
            name="flashy_account_id"
            label="Flashy account id"
            inputMode="numeric"
            pattern="[0-9]*"
            title="Digits only"
            defaultValue={known?.flashy_account_id ?? ''}
            error={fault('/flashy_account_id')}
          />
          <Select
            name="time_zone"
            label="Time zone"
            placeholder="none"
            description="Times can be told in it on the merchant's pages."
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            data={timeZones(store?.time_zone)}
            defaultValue={store?.time_zone ?? null}
            filter={({ options, search }) =>
              options.filter((option) => 'label' in option && isZoneOf(option.label, search))
            }
            nothingFoundMessage="No zone of this name"
            error={fault('/store/time_zone')}
            searchable
            clearable
          />
        </SimpleGrid>
      </Fieldset>
      <Group align="start" grow preventGrowOverflow={false} wrap="wrap">
        <Select
          name="acr_clock"
          label="A checkout counts as abandoned"
          data={[
            { value: 'open', label: '15 minutes after it was opened' },
            { value: 'activity', label: '15 minutes after its last activity' },
          ]}
          defaultValue={known?.settings.acr_clock ?? 'open'}
          allowDeselect={false}
          miw={260}
        />
        <Select
          name="schema_mode"
          label="Payloads that break their schema"
          data={[
            { value: 'strict', label: 'are refused' },
            { value: 'warn', label: 'are taken, with a warning' },
          ]}
          defaultValue={known?.settings.schema_mode ?? 'strict'}
          allowDeselect={false}
          miw={260}
        />
      </Group>
    </Stack>
  );
}

/** What the form says, as the API takes it; what is empty is null. */
export function merchantOf(form: FormData, known?: Merchant) {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return {
    name: text('name'),
    store: {
      // An id cannot be taken away, only changed.
      id: text('store_id') || undefined,
      name: text('store_name'),
      shopify_domain: text('shopify_domain') || null,
      main_domain: text('main_domain') || null,
      currency: text('currency').toUpperCase() || null,
      time_zone: text('time_zone') || null,
    },
    flashy_account_id: accountOf(text('flashy_account_id'), known),
    settings: {
      acr_clock: text('acr_clock') as Settings['acr_clock'],
      schema_mode: text('schema_mode') as Settings['schema_mode'],
    },
  };
}

/** An account id where it has changed. It may have more digits than a number of the page keeps: it is sent as typed. */
function accountOf(typed: string, known: Merchant | undefined): number | null | undefined {
  if (typed === String(known?.flashy_account_id ?? '')) return undefined;
  if (typed === '') return null;
  return rawJson(typed.replace(/^0+(?=\d)/, '')) as unknown as number;
}
