import { Center, Paper, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A page of one form, for who is not logged in. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder p="xl" w="100%" maw={420} radius="md">
        <Stack>
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}

/** What the link that led here carries after its `#`. It is taken out of the address, and so of the history, at once. */
export const tokenOfLink = new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';
if (tokenOfLink) {
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
}
