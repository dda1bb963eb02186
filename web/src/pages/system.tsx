import { Badge, Code, Group, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { Figure } from '../ui/figure';
import { Forbidden } from '../ui/forbidden';
import { SearchBox } from '../ui/search-box';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useFilter } from './filter';
import { useMe } from './me';

type SystemInfo = components['schemas']['System'];
/** Clocks that differ by more than this make times in the log wrong. */
const SKEW = 1_000;
const REFRESH = 5_000;

/** What runs here: versions, servers, workers and settings. */
export function System() {
  const me = useMe();
  const isPlatform = me.data?.platform_role != null;
  const system = useQuery({
    queryKey: ['system'],
    enabled: isPlatform,
    queryFn: () => data(api.GET('/v1/system')),
    refetchInterval: REFRESH,
  });
  if (me.data && !isPlatform) return <Forbidden title="System" whom="people of the platform" />;
  return (
    <Stack>
      <Title order={1} size="h2">
        System
      </Title>
      {system.isPending && <Loading />}
      {system.isError && !system.data && <Failed error={system.error} retry={() => system.refetch()} />}
      {system.data && (
        <>
          <Servers system={system.data} />
          <Workers system={system.data} />
          <Settings settings={system.data.settings} />
        </>
      )}
    </Stack>
  );
}

function Servers({ system }: { system: SystemInfo }) {
  const { database, redis } = system;
  const skew = database.clock_ahead_ms;
  return (
    <SimpleGrid cols={{ base: 2, lg: 4 }} spacing="sm">
      <Figure name="Version" value={system.version}>
        {system.mode}
      </Figure>
      <Figure name="Database" value={`${database.kind} ${database.version}`}>
        schema {database.schema}
      </Figure>
      <Figure
        name="Clock difference"
        value={`${Math.round(skew)} ms`}
        isBad={Math.abs(skew) > SKEW}
      >
        to the database's
      </Figure>
      <Figure
        name="Redis"
        value={redis ? (redis.version ?? 'no answer') : 'none'}
        isBad={redis?.up === false}
      >
        {!redis && 'the queue is in this process'}
        {redis?.up === false && 'retries are found by polling until it is back'}
      </Figure>
    </SimpleGrid>
  );
}

function Workers({ system: { workers, mode } }: { system: SystemInfo }) {
  return (
    <Paper withBorder p="md" component="section" aria-label="Workers">
      <Title order={2} size="h4" mb="xs">
        Workers
      </Title>
      {workers.length === 0 ? (
        <Text size="sm">
          {mode === 'embedded'
            ? 'This process does everything.'
            : 'No worker has been seen: nothing is sent.'}
        </Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Worker</Table.Th>
              <Table.Th>Last seen</Table.Th>
              <Table.Th>State</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {workers.map((worker) => (
              <Table.Tr key={worker.id}>
                <Table.Td>
                  <Code>{worker.id}</Code>
                </Table.Td>
                <Table.Td>
                  <Time at={worker.seen_at} />
                </Table.Td>
                <Table.Td>
                  <Badge
                    variant="light"
                    color={worker.alive ? 'green' : 'red'}
                    leftSection={<span aria-hidden>{worker.alive ? '✓' : '✕'}</span>}
                    autoContrast
                  >
                    {worker.alive ? 'alive' : 'gone'}
                  </Badge>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Paper>
  );
}

function Settings({ settings }: { settings: SystemInfo['settings'] }) {
  const filter = useFilter('q');
  const wanted = filter.values.q.toLowerCase();
  return (
    <Paper withBorder p="md" component="section" aria-label="Settings">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Settings
        </Title>
        <SearchBox
          label="Search settings"
          value={filter.values.q}
          onSearch={(q) => filter.set({ q })}
        />
      </Group>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Setting</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th>From</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {settings
              .filter(({ key }) => key.toLowerCase().includes(wanted))
              .map(({ key, value, source }) => (
                <Table.Tr key={key}>
                  <Table.Td>
                    <Code>{key}</Code>
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{value || '–'}</Table.Td>
                  <Table.Td>
                    <Badge
                      variant="light"
                      color={source === 'default' ? 'gray' : 'blue'}
                      autoContrast
                    >
                      {source}
                    </Badge>
                  </Table.Td>
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
