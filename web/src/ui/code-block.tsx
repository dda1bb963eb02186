import { Code, Group, Stack, Text } from '@mantine/core';
import { Copy } from './copy';

/** Text to read and to copy, as it is. */
export function CodeBlock({
  title,
  text,
  mah = 480,
}: {
  title: string;
  text: string;
  mah?: number | string;
}) {
  return (
    <Stack gap={4} miw={0}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={500}>
          {title}
        </Text>
        <Copy text={text} what={title.toLowerCase()} />
      </Group>
      <Code block mah={mah} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label={title}>
        {text}
      </Code>
    </Stack>
  );
}
