import { Anchor, Badge, Group, Select, Stack, Table, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, useParams } from 'react-router';
import { EventTypeCreate } from '../forms/event-type-create';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { SearchBox } from '../ui/search-box';
import { Empty, Failed, Loading } from '../ui/states';
import { useRefusal } from './access';
import { DIALECTS } from './dialects';
import { useEndpoints } from './endpoints';
import { type EventType, byDialect, isAbout, useEventTypes } from './event-types';
import { useFilter } from './filter';

/** Every event type: what it tells, when it fires, how many endpoints of the merchant take it. */
export function Catalogue() {
  const { merchantId = '' } = useParams();
  const { values, set } = useFilter('q', 'dialect');
  const types = useEventTypes();
  const refusal = useRefusal();
  const [adding, { open, close }] = useDisclosure();
  const shown =
    types.data?.data.filter(
      (type) => isAbout(type, values.q) && (!values.dialect || type.dialect === values.dialect),
    ) ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Event types
        </Title>
        <ActionButton onClick={open} disabledReason={refusal({ platform: 'operator' })}>
          Add event type
        </ActionButton>
      </Group>
      <Group align="end">
        <SearchBox
          label="Search event types"
          placeholder="name or what it tells"
          value={values.q}
          onSearch={(q) => set({ q })}
        />
        <Select
          label="Format"
          placeholder="any"
          data={DIALECTS.map(({ name, label }) => ({ value: name, label }))}
          value={values.dialect || null}
          onChange={(value) => set({ dialect: value })}
          clearable
          w={200}
        />
      </Group>
      {types.isPending && <Loading />}
      {types.isError && !types.data && <Failed error={types.error} retry={() => types.refetch()} />}
      {types.data && shown.length === 0 && <Empty title="No event type matches" />}
      {byDialect(shown).map((group) => (
        <section key={group.dialect.name} aria-label={group.dialect.label}>
          <Title order={2} size="h4">
            {group.dialect.label}
          </Title>
          <Types types={group.types} merchantId={merchantId} />
        </section>
      ))}
      {adding && <EventTypeCreate onClose={close} merchantId={merchantId} />}
    </Stack>
  );
}

function Types({ types, merchantId }: { types: EventType[]; merchantId: string }) {
  const endpoints = useEndpoints(merchantId).data?.data ?? [];
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table highlightOnHover layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="28%">Name</Table.Th>
            <Table.Th>What it tells</Table.Th>
            <Table.Th w={110}>Endpoints</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {types.map((type) => (
            <Table.Tr key={type.name}>
              <Table.Td style={{ overflowWrap: 'anywhere', verticalAlign: 'top' }}>
                <Anchor component={Link} to={paths.eventType(merchantId, type.name)}>
                  {type.name}
                </Anchor>{' '}
                {!type.built_in && (
                  <Badge size="sm" variant="light" color="gray">
                    custom
                  </Badge>
                )}
              </Table.Td>
              <Table.Td>
                <Text size="sm">{type.description}</Text>
                <Text size="sm" c="dimmed">
                  Fires {lowered(type.fires_when)}
                </Text>
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                {endpoints.filter((one) => one.event_types.includes(type.name)).length}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A sentence that goes on another. */
export function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
