import { Code } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import { useMe } from './me';

/** Who asked for something, by name where the caller may know it. */
export function Actor({ id, merchantId }: { id: string; merchantId: string | undefined }) {
  const me = useMe().data;
  const isOther = id.startsWith('usr_') && id !== me?.id;
  const members = useQuery({
    queryKey: ['member-names', merchantId],
    enabled: isOther && merchantId !== undefined && me !== undefined,
    staleTime: 60_000,
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/members', {
          params: { path: { merchant_id: merchantId ?? '' }, query: { limit: 250 } },
        }),
      ),
  });
  const member = members.data?.data.find(({ user_id }) => user_id === id);
  const user = useQuery({
    queryKey: ['user', id],
    enabled: isOther && !member && me?.platform_role === 'admin' && !members.isLoading,
    staleTime: 60_000,
    queryFn: () => data(api.GET('/v1/users/{user_id}', { params: { path: { user_id: id } } })),
  });
  if (id === me?.id) return 'you';
  const name = member?.email ?? user.data?.email;
  if (name) return <bdi>{name}</bdi>;
  return (
    <>
      {kind(id)} <Code>{id}</Code>
    </>
  );
}

function kind(id: string): string {
  if (id.startsWith('key_')) return 'the API key';
  return id.startsWith('usr_') ? 'a person of the platform or a former member,' : 'somebody with a portal link,';
}
