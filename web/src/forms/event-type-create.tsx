import { Alert, Button, Group, Modal, Select, Stack, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { api, data } from '../api/client';
import { Failure, words } from '../api/errors';
import { isJsonObject, rawJson } from '../api/raw-json';
import { DIALECTS, type Dialect } from '../pages/dialects';
import { paths } from '../path-builder';

/** A new event type of the platform's own. */
export function EventTypeCreate({ merchantId, onClose }: { merchantId: string; onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [dialect, setDialect] = useState<Dialect>('standard');
  const [json, setJson] = useState({ schema: '', example: '' });
  const create = useMutation({
    mutationFn: (given: { name: string; description: string }) =>
      data(
        api.POST('/v1/event-types', {
          body: {
            ...given,
            dialect,
            schema: json.schema.trim() ? rawJson(json.schema) : undefined,
            example: json.example.trim() ? rawJson(json.example) : undefined,
          },
        }),
      ),
    onSuccess: (type) => {
      client.invalidateQueries({ queryKey: ['event-types'] });
      navigate(paths.eventType(merchantId, type.name));
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({
      name: String(form.get('name')).trim(),
      description: String(form.get('description')).trim(),
    });
  }
  const failure = create.error instanceof Failure ? create.error : undefined;
  const wrong = (text: string) => text.trim() !== '' && !isJsonObject(text);
  return (
    <Modal opened onClose={onClose} title="Add an event type" size="lg">
      <form onSubmit={submit}>
        <Stack>
          {create.isError && (
            <Alert color="red" role="alert">
              {words(create.error)}
            </Alert>
          )}
          <TextInput
            name="name"
            label="Name"
            placeholder="order.created"
            description="As it is on the wire. It cannot be changed later."
            error={failure?.field('/name')}
            required
            data-autofocus
          />
          <TextInput
            name="description"
            label="What it tells"
            error={failure?.field('/description')}
            required
          />
          <Select
            label="Format"
            description="Endpoints of this format may take it; Standard Webhooks endpoints may take every type."
            data={DIALECTS.map(({ name, label }) => ({ value: name, label }))}
            value={dialect}
            allowDeselect={false}
            onChange={(value) => setDialect(value as Dialect)}
          />
          {(['example', 'schema'] as const).map((field) => (
            <Textarea
              key={field}
              label={field === 'schema' ? 'JSON Schema of the payload' : 'Example payload'}
              value={json[field]}
              onChange={(event) => {
                const text = event.currentTarget.value;
                setJson((known) => ({ ...known, [field]: text }));
              }}
              error={wrong(json[field]) ? 'This is no JSON object' : failure?.field(`/${field}`)}
              autosize
              minRows={3}
              maxRows={12}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            />
          ))}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <Button
              type="submit"
              loading={create.isPending}
              disabled={wrong(json.schema) || wrong(json.example)}
            >
              Add event type
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
