import { Stack, Tabs, Title } from '@mantine/core';
import { useParams, useSearchParams } from 'react-router';
import { Forbidden } from '../ui/forbidden';
import { useRefusal } from './access';
import { ApiKeys } from './api-keys';
import { PortalLinks } from './portal-links';

/** How programs and guests get into a merchant. */
export function MerchantKeys() {
  const { merchantId = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const refusal = useRefusal({ merchantId });
  if (refusal({ platform: 'viewer', merchant: 'developer' })) {
    return <Forbidden title="API keys" whom="developers and owners of the merchant" />;
  }
  const tab = search.get('tab') === 'portal' ? 'portal' : 'keys';
  return (
    <Stack>
      <Title order={1} size="h2">
        API keys
      </Title>
      <Tabs
        value={tab}
        onChange={(value) => setSearch(value === 'portal' ? { tab: 'portal' } : {}, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="keys">API keys</Tabs.Tab>
          <Tabs.Tab value="portal">Portal links</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="keys" pt="md">
          <ApiKeys holder={{ merchantId }} />
        </Tabs.Panel>
        <Tabs.Panel value="portal" pt="md">
          <PortalLinks merchantId={merchantId} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
