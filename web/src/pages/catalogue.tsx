import { Accordion, Badge, Code, Group, Stack, Text, Title } from '@mantine/core';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { useEventTypes } from './event-types';

/** Every event type: what it tells, when it fires, what it looks like. */
export function Catalogue() {
  const types = useEventTypes();
  return (
    <Stack>
      <Title order={1} size="h2">
        Event types
      </Title>
      {types.isPending && <Loading />}
      {types.isError && <Failed error={types.error} retry={() => types.refetch()} />}
      <Accordion variant="separated" order={2}>
        {types.data?.data.map((type) => (
          <Accordion.Item key={type.name} value={type.name}>
            <Accordion.Control>
              <Group gap="xs">
                <Text fw={600}>{type.name}</Text>
                <Badge variant="light" autoContrast>
                  {type.dialect}
                </Badge>
              </Group>
              <Text size="sm">{type.description}</Text>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                <Text size="sm">{type.fires_when}</Text>
                <Example title="Example" value={type.example} />
                {type.schema && <Example title="JSON Schema" value={type.schema} />}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}

function Example({ title, value }: { title: string; value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {title}
        </Text>
        <Copy text={text} what={title} />
      </Group>
      <Code block tabIndex={0} mah={420} style={{ overflow: 'auto' }}>
        {text}
      </Code>
    </>
  );
}
