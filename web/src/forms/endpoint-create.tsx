import {
  Alert,
  Button,
  Checkbox,
  Code,
  Fieldset,
  Group,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { Failure, words } from '../api/errors';
import { paths } from '../path-builder';
import { useEventTypes } from '../pages/event-types';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';

type Dialect = components['schemas']['Dialect'];
const DIALECTS: { value: Dialect; label: string }[] = [
  { value: 'standard', label: 'Standard Webhooks' },
  { value: 'flexype', label: 'FlexyPe' },
  { value: 'flashy', label: 'Flashy' },
  { value: 'carthook', label: 'CartHook' },
];

export function EndpointCreate() {
  const { merchantId = '' } = useParams();
  const client = useQueryClient();
  const types = useEventTypes();
  const [dialect, setDialect] = useState<Dialect>('standard');
  const [chosen, setChosen] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: (body: components['schemas']['CreateEndpoint']) =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoints', {
          params: { path: { merchant_id: merchantId } },
          body,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['endpoints', merchantId] }),
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      url: String(form.get('url')).trim(),
      description: String(form.get('description')),
      dialect,
      event_types: chosen,
    });
  }

  if (create.isSuccess) {
    const made = create.data;
    return (
      <Stack>
        <Title order={1} size="h2">
          The endpoint is there
        </Title>
        <Alert color="green" title="Keep these now">
          <Stack gap="xs">
            <Group gap="xs">
              <Text size="sm">Secret</Text>
              <Code>{made.secret}</Code>
              <Copy text={made.secret} what="secret" />
            </Group>
            <Group gap="xs">
              <Text size="sm">Signing secret</Text>
              <Code>{made.signing_secret}</Code>
              <Copy text={made.signing_secret} what="signing secret" />
            </Group>
          </Stack>
        </Alert>
        <Button component={Link} to={paths.endpoint(merchantId, made.id)} w="fit-content">
          Go on to the endpoint
        </Button>
      </Stack>
    );
  }

  const failure = create.error instanceof Failure ? create.error : undefined;
  const field = (pointer: string) => failure?.field(pointer);
  const offered =
    types.data?.data.filter((type) => dialect === 'standard' || type.dialect === dialect) ?? [];
  const groups = Map.groupBy(offered, (type) => type.dialect);
  return (
    <form onSubmit={submit}>
      <Stack maw={720}>
        <Title order={1} size="h2">
          Add an endpoint
        </Title>
        {create.isError && (
          <Alert color="red" role="alert">
            {words(create.error)}
          </Alert>
        )}
        <TextInput
          name="url"
          label="URL"
          type="url"
          placeholder="https://hooks.example.com/…"
          error={field('/url')}
          required
        />
        <TextInput name="description" label="Description" error={field('/description')} />
        <Select
          label="Format"
          data={DIALECTS}
          value={dialect}
          allowDeselect={false}
          onChange={(value) => {
            setDialect(value as Dialect);
            setChosen([]);
          }}
        />
        {types.isPending && <Loading />}
        {types.isError && <Failed error={types.error} retry={() => types.refetch()} />}
        {[...groups].map(([name, group]) => {
          const names = group.map((type) => type.name);
          const all = names.every((one) => chosen.includes(one));
          return (
            <Fieldset key={name} legend={`Events of ${name}`}>
              <Stack gap="xs">
                <Checkbox
                  label="All of these"
                  checked={all}
                  indeterminate={!all && names.some((one) => chosen.includes(one))}
                  onChange={() =>
                    setChosen((known) => [
                      ...known.filter((one) => !names.includes(one)),
                      ...(all ? [] : names),
                    ])
                  }
                />
                {group.map((type) => (
                  <Checkbox
                    key={type.name}
                    label={type.name}
                    description={`${type.description} ${type.fires_when}`}
                    checked={chosen.includes(type.name)}
                    onChange={(event) => {
                      const on = event.currentTarget.checked;
                      setChosen((known) =>
                        on ? [...known, type.name] : known.filter((one) => one !== type.name),
                      );
                    }}
                  />
                ))}
              </Stack>
            </Fieldset>
          );
        })}
        {field('/event_types') && (
          <Text size="sm" c="red">
            Events {field('/event_types')}
          </Text>
        )}
        <Button type="submit" loading={create.isPending} w="fit-content">
          Add endpoint
        </Button>
      </Stack>
    </form>
  );
}
