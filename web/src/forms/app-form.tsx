import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { useNavigate } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { faultAt } from './faults';

/** Adds an app, or changes one. */
export function AppForm({ app, onClose }: { app?: components['schemas']['App']; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const save = useMutation({
    mutationFn: (body: components['schemas']['CreateApp']) =>
      app
        ? data(api.PATCH('/v1/apps/{app_id}', { params: { path: { app_id: app.id } }, body }))
        : data(api.POST('/v1/apps', { body })),
    onSuccess: (saved) => {
      client.invalidateQueries({ queryKey: ['apps'] });
      client.setQueryData(['app', saved.id], saved);
      onClose();
      if (!app) navigate(paths.app(saved.id));
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    save.mutate({ name: String(form.get('name')), description: String(form.get('description')) });
  }
  return (
    <Modal opened onClose={onClose} title={app ? 'Edit the app' : 'Add an app'}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            name="name"
            label="Name"
            defaultValue={app?.name}
            error={faultAt(save.error, '/name')}
            required
            data-autofocus
          />
          <TextInput
            name="description"
            label="What it does"
            defaultValue={app?.description}
            error={faultAt(save.error, '/description')}
          />
          {save.isError && (
            <Alert color="red" role="alert">
              {words(save.error)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <Button type="submit" loading={save.isPending}>
              {app ? 'Save' : 'Add app'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
