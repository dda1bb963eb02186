import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useRouteError } from 'react-router';
import { words } from '../api/errors';

/** A page that could not be shown at all: its parts could not be loaded, or it has a fault. */
export function Broken() {
  const error = useRouteError();
  return (
    <Center mih="60vh" p="md">
      <Stack align="center">
        <Title order={1} size="h3">
          This page could not be shown
        </Title>
        <Text size="sm">{words(error)}</Text>
        <Text size="sm">If Hookyard has just been updated, loading it again helps.</Text>
        <Button onClick={() => window.location.reload()}>Load again</Button>
      </Stack>
    </Center>
  );
}
