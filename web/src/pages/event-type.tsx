import { Anchor, Badge, Code, Group, SimpleGrid, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'react-router';
import { type Endpoint, endpointsOf } from '../api/endpoints';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { CodeBlock } from '../ui/code-block';
import { Copy } from '../ui/copy';
import { type SchemaField, schemaFields } from '../ui/schema-fields';
import { Failed, Loading } from '../ui/states';
import { WRITE_ENDPOINTS, useRefusal } from './access';
import { AttemptView } from './attempt-view';
import { lowered } from './catalogue';
import { dialectInfo } from './dialects';
import { EndpointState } from './endpoint-state';
import { useEndpoints } from './endpoints';
import { useEventType } from './event-types';

const TABS = ['fields', 'schema', 'example', 'endpoints'];

/** An event type: what it tells, how it looks, who takes it. */
export function EventTypePage() {
  const { merchantId = '', name = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const found = useEventType(name);
  if (found.isPending) return <Loading />;
  if (!found.data) return <Failed error={found.error} retry={() => found.refetch()} />;
  const { type, example, schema } = found.data;
  const tab = TABS.find((one) => one === search.get('tab')) ?? 'fields';
  return (
    <Stack>
      <div>
        <Anchor component={Link} size="sm" to={paths.catalogue(merchantId)}>
          Event types
        </Anchor>
        <Group gap="xs">
          <Title order={1} size="h2" style={{ overflowWrap: 'anywhere' }}>
            {type.name}
          </Title>
          <Copy text={type.name} what="name" />
          <Badge variant="light" autoContrast>
            {dialectInfo(type.dialect).label}
          </Badge>
          {!type.built_in && (
            <Badge variant="light" color="gray">
              custom
            </Badge>
          )}
        </Group>
      </div>
      <div>
        <Text>{type.description}</Text>
        <Text c="dimmed">Fires {lowered(type.fires_when)}</Text>
      </div>
      <Tabs
        value={tab}
        onChange={(value) => setSearch({ tab: value ?? 'fields' }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="fields">Fields</Tabs.Tab>
          <Tabs.Tab value="schema">JSON Schema</Tabs.Tab>
          <Tabs.Tab value="example">Example</Tabs.Tab>
          <Tabs.Tab value="endpoints">Endpoints</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="fields" pt="md">
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Fields fields={schemaFields(type.schema)} />
            <CodeBlock title="Example" text={example} mah={640} />
          </SimpleGrid>
        </Tabs.Panel>
        <Tabs.Panel value="schema" pt="md">
          {type.schema ? (
            <CodeBlock title="JSON Schema" text={schema} mah={640} />
          ) : (
            <Text size="sm">It has no schema: every JSON object may be its payload.</Text>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="example" pt="md">
          <CodeBlock title="Example" text={example} mah={640} />
        </Tabs.Panel>
        <Tabs.Panel value="endpoints" pt="md">
          <Subscribers merchantId={merchantId} name={name} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Fields({ fields }: { fields: SchemaField[] }) {
  if (fields.length === 0) return <Text size="sm">No fields are described.</Text>;
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Required</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map((field) => (
            <Table.Tr key={field.path}>
              <Table.Td>
                <Code>{field.path}</Code>
                {field.description && (
                  <Text size="sm" c="dimmed">
                    {field.description}
                  </Text>
                )}
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <Text size="sm">{field.type}</Text>
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <Text size="sm">{field.required ? 'yes' : 'no'}</Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The merchant's endpoints that take it, each of which may be sent an example. */
function Subscribers({ merchantId, name }: { merchantId: string; name: string }) {
  const owner = { merchantId };
  const endpoints = useEndpoints(merchantId);
  const refused = useRefusal(owner)(WRITE_ENDPOINTS);
  const send = useMutation({
    mutationFn: (id: string) => endpointsOf(owner).test(id, { event_type: name }),
  });
  if (endpoints.isPending) return <Loading rows={2} />;
  if (!endpoints.data) return <Failed error={endpoints.error} retry={() => endpoints.refetch()} />;
  const takers = endpoints.data.data.filter((one) => one.event_types.includes(name));
  if (takers.length === 0) return <Text size="sm">None of this merchant's endpoints takes it.</Text>;
  return (
    <Stack>
      {takers.map((endpoint: Endpoint) => (
        <Group key={endpoint.id} justify="space-between">
          <Group gap="xs">
            <EndpointState endpoint={endpoint} />
            <Anchor
              component={Link}
              to={paths.endpoint(merchantId, endpoint.id)}
              style={{ overflowWrap: 'anywhere' }}
            >
              <bdi>{endpoint.url}</bdi>
            </Anchor>
          </Group>
          <ActionButton
            size="xs"
            variant="default"
            disabledReason={refused}
            loading={send.isPending && send.variables === endpoint.id}
            onClick={() => send.mutate(endpoint.id)}
          >
            Send example
          </ActionButton>
        </Group>
      ))}
      {send.isError && <Failed error={send.error} retry={() => send.mutate(send.variables)} />}
      {send.data && <AttemptView attempt={send.data} />}
    </Stack>
  );
}
