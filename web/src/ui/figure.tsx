import { Group, Paper, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** One figure with its name; a bad one is marked. */
export function Figure({
  name,
  value,
  isBad = false,
  children,
}: {
  name: string;
  value: ReactNode;
  isBad?: boolean;
  children?: ReactNode;
}) {
  return (
    <Paper withBorder p="sm" role="group" aria-label={name}>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Group gap={4} fz="lg" fw={600}>
        {isBad && <IconAlertTriangle size={18} aria-label="Look at this" />}
        {value}
      </Group>
      <Text size="sm" component="div">
        {children}
      </Text>
    </Paper>
  );
}
