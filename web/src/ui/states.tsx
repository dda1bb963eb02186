import { Alert, Button, Center, Code, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failure, words } from '../api/errors';

export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={32} />
      ))}
    </Stack>
  );
}

export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  const failure = error instanceof Failure ? error : undefined;
  const refused = failure && failure.status >= 400 && failure.status < 500;
  const title = (refused && failure.problem?.title) || "This couldn't be loaded";
  return (
    <Alert color="red" title={title} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{words(error)}</Text>
        {failure?.requestId && (
          <Text size="sm">
            Request <Code>{failure.requestId}</Code>
          </Text>
        )}
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      </Stack>
    </Alert>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center py="xl">
      <Stack align="center" gap="xs">
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Center>
  );
}

/** A search that finds nothing, and the way out of it. */
export function NoMatch({ title, onClear }: { title: string; onClear: () => void }) {
  return (
    <Empty title={title}>
      <Button variant="default" onClick={onClear}>
        Clear filters
      </Button>
    </Empty>
  );
}

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <Title order={1} hidden>
        Not found
      </Title>
    </Empty>
  );
}
