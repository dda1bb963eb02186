import { Button, Center, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { CodeBlock } from '../ui/code-block';

/** What to do where there is no endpoint yet. */
export function FirstEndpoint({ owner, refused }: { owner: Owner; refused: string | undefined }) {
  return (
    <Center py="xl">
      <Stack align="center" maw={680} w="100%">
        <Text fw={600}>No endpoint yet</Text>
        <Text size="sm" ta="center">
          {owner.merchantId === undefined
            ? 'Add one, and it receives the events of every merchant that installs the app.'
            : "Add one, and it receives this merchant's events."}
        </Text>
        {refused ? (
          <Text size="sm">{refused}</Text>
        ) : (
          <Button component={Link} to={paths.addEndpoint(owner)}>
            Add endpoint
          </Button>
        )}
        {owner.merchantId !== undefined && (
          <Stack w="100%" mt="md" gap="xs">
            <Text size="sm">Then publish a first event, with an API key that has events:write:</Text>
            <CodeBlock title="First event" text={firstEvent(owner.merchantId)} />
          </Stack>
        )}
      </Stack>
    </Center>
  );
}

function firstEvent(merchantId: string): string {
  return `curl ${window.location.origin}/v1/merchants/${merchantId}/events \\
  -H "Authorization: Bearer $HOOKYARD_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"event_type": "PRODUCT_VIEWED", "payload": {"product_viewed": {"product_id": 9945414435106}}}'`;
}
