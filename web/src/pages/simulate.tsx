import { Alert, Button, Code, Group, List, Select, SimpleGrid, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { Failure, words } from '../api/errors';
import { isJsonObject, rawJson } from '../api/raw-json';
import { spelled } from '../json';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { NewTab } from '../ui/new-tab';
import { Empty } from '../ui/states';
import { useFilter } from './filter';
import { type Simulated, Simulation } from './simulation';

const FILES = import.meta.glob<string>('../../../examples/simulations/*.json', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** The scripts to begin with, by the name of their file. */
const EXAMPLES = Object.entries(FILES).map(([path, text]) => ({
  key: path.replace(/^.*\/|\.json$/g, ''),
  name: String(JSON.parse(text).name),
  text,
}));
const FIRST = 'scenario-1-abandoned-session';

/** Plays what shoppers do against a clock of its own, and tells what would be sent when, and why. */
export function Simulate() {
  const { merchantId = '' } = useParams();
  const filter = useFilter('example', 'show');
  const example =
    EXAMPLES.find(({ key }) => key === (filter.values.example || FIRST)) ?? EXAMPLES[0]!;
  const [edited, setEdited] = useState<string>();
  const script = edited ?? example.text;
  const isWrong = !isJsonObject(script);
  const play = useMutation({ mutationFn: () => simulate(script) });
  return (
    <Stack>
      <div>
        <Title order={1} size="h2">
          Simulate
        </Title>
        <Text size="sm">
          Play a script of what shoppers do, in fast motion and by the rules that run here. Nothing is stored
          and nothing is sent.
        </Text>
      </div>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
        <Stack>
          <Select
            label="Begin with"
            data={EXAMPLES.map(({ key, name }) => ({ value: key, label: name }))}
            value={example.key}
            allowDeselect={false}
            onChange={(key) => {
              filter.set({ example: key });
              setEdited(undefined);
              play.reset();
            }}
          />
          <Textarea
            label="Script"
            description={
              <>
                Activities with their times: <Code>10:05</Code>, <Code>+5m</Code> after the start, or in full.
              </>
            }
            value={script}
            onChange={(event) => setEdited(event.currentTarget.value)}
            error={isWrong ? 'This is no JSON object' : undefined}
            rows={Math.min(Math.max(script.split('\n').length + 1, 12), 28)}
            spellCheck={false}
            dir="ltr"
            wrap="off"
            styles={{
              input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 },
            }}
          />
          <Group>
            <ActionButton
              loading={play.isPending}
              disabledReason={isWrong ? 'The script is no JSON object.' : undefined}
              onClick={() => play.mutate()}
            >
              Play
            </ActionButton>
            {edited !== undefined && (
              <Button variant="default" onClick={() => setEdited(undefined)}>
                Back to the example
              </Button>
            )}
            <Text size="sm">
              <NewTab href={paths.docs()}>What a script may say</NewTab>
            </Text>
          </Group>
        </Stack>
        <section aria-label="Outcome">
          {play.isError && <Mistakes error={play.error} />}
          {play.data && (
            <Simulation
              simulated={play.data}
              merchantId={merchantId}
              eventsOnly={filter.values.show === 'events'}
              onShow={(eventsOnly) => filter.set({ show: eventsOnly ? 'events' : null })}
            />
          )}
          {play.isIdle && (
            <Empty title="Nothing has been played yet">
              <Text size="sm">Play the script to see what would be sent, when, and why.</Text>
            </Empty>
          )}
        </section>
      </SimpleGrid>
    </Stack>
  );
}

/** The script as it is spelled; the payloads that come back too. */
async function simulate(script: string): Promise<Simulated> {
  const body = rawJson(script) as components['schemas']['SimulationScript'];
  const text = await data<string>(api.POST('/v1/simulate', { body, parseAs: 'text' }));
  const { steps } = JSON.parse(text) as components['schemas']['Simulation'];
  return steps.map((step, index) => ({
    ...step,
    payload: step.event ? spelled(text, 'steps', index, 'event', 'payload') : undefined,
  }));
}

/** What is wrong with the script, and where. */
function Mistakes({ error }: { error: unknown }) {
  const faults = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  return (
    <Alert color="red" role="alert" title="It cannot be played">
      {faults.length === 0 && words(error)}
      <List size="sm" spacing={4}>
        {faults.map((fault) => (
          <List.Item key={fault.pointer + fault.code}>
            <Code>{fault.pointer || '/'}</Code> {fault.detail}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
