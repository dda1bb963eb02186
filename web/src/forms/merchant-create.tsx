import { Alert, Button, Stack, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { api, data } from '../api/client';
import { Failure, words } from '../api/errors';
import { paths } from '../path-builder';
import { useMe } from '../pages/me';
import { Forbidden } from '../ui/forbidden';
import { MerchantFields, merchantOf } from './merchant-fields';

export function MerchantCreate() {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (form: FormData) => data(api.POST('/v1/merchants', { body: merchantOf(form) })),
    onSuccess: (made) => {
      client.invalidateQueries({ queryKey: ['merchants'] });
      client.invalidateQueries({ queryKey: ['merchant-names'] });
      navigate(paths.endpoints(made.id));
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    create.mutate(new FormData(event.currentTarget));
  }
  if (me.data?.platform_role !== 'admin' && me.data?.platform_role !== 'operator')
    return <Forbidden title="Add a merchant" whom="operators and admins of the platform" />;
  return (
    <form onSubmit={submit}>
      <Stack maw={720}>
        <Title order={1} size="h2">
          Add a merchant
        </Title>
        {create.isError && (
          <Alert color="red" role="alert">
            {words(create.error)}
          </Alert>
        )}
        <MerchantFields failure={create.error instanceof Failure ? create.error : undefined} />
        <Button type="submit" loading={create.isPending} w="fit-content">
          Add merchant
        </Button>
      </Stack>
    </form>
  );
}
