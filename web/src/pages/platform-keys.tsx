import { Stack, Title } from '@mantine/core';
import { Forbidden } from '../ui/forbidden';
import { ApiKeys } from './api-keys';
import { useMe } from './me';

/** How programs get into the platform: they reach every merchant. */
export function PlatformKeys() {
  const me = useMe();
  if (me.data && me.data.platform_role === null)
    return <Forbidden title="API keys" whom="people of the platform" />;
  return (
    <Stack>
      <Title order={1} size="h2">
        API keys
      </Title>
      <ApiKeys holder={{}} />
    </Stack>
  );
}
