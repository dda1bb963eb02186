import { Stack, Tabs } from '@mantine/core';
import { Suspense, lazy } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { Failed, Loading } from '../ui/states';
import { EndpointBanner } from './endpoint-banner';
import { EndpointHead } from './endpoint-head';
import { EndpointOverview } from './endpoint-overview';
import { EndpointSecret } from './endpoint-secret';
import { EndpointTest } from './endpoint-test';
import { useEndpoint, useOwner } from './endpoints';

// Ten languages are a lot of text for who does not read them.
const EndpointVerify = lazy(async () => ({
  default: (await import('./endpoint-verify')).EndpointVerify,
}));
const TABS = ['overview', 'test', 'secret', 'verify'];

/** An endpoint: how it does, and all that can be done with it. */
export function EndpointPage() {
  const owner = useOwner();
  const { endpointId = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const endpoint = useEndpoint(owner, endpointId);
  if (endpoint.isPending) return <Loading />;
  if (!endpoint.data) return <Failed error={endpoint.error} retry={() => endpoint.refetch()} />;
  const about = { owner, endpoint: endpoint.data };
  const tab = TABS.find((one) => one === search.get('tab')) ?? 'overview';
  return (
    <Stack>
      <EndpointHead {...about} />
      <EndpointBanner {...about} />
      <Tabs
        value={tab}
        onChange={(value) => setSearch({ tab: value ?? 'overview' }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="test">Test</Tabs.Tab>
          <Tabs.Tab value="secret">Secret</Tabs.Tab>
          <Tabs.Tab value="verify">Verify</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview" pt="md">
          <EndpointOverview {...about} />
        </Tabs.Panel>
        <Tabs.Panel value="test" pt="md">
          <EndpointTest {...about} />
        </Tabs.Panel>
        <Tabs.Panel value="secret" pt="md">
          <EndpointSecret {...about} />
        </Tabs.Panel>
        <Tabs.Panel value="verify" pt="md">
          <Suspense fallback={<Loading />}>
            <EndpointVerify {...about} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
