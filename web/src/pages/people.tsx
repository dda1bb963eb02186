import { Button, Select, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { Confirm } from '../ui/confirm';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';
import { Invitations } from './invitations';
import { useMe } from './me';
import { PortalLinks } from './portal-links';

type Member = components['schemas']['Member'];
type Role = components['schemas']['MerchantRole'];
const ROLES: Role[] = ['viewer', 'developer', 'owner'];

/** Who works for a merchant, and who is asked to. */
export function People() {
  const { merchantId = '' } = useParams();
  const me = useMe();
  const client = useQueryClient();
  const params = { path: { merchant_id: merchantId } };
  const manages =
    me.data?.platform_role === 'admin' ||
    me.data?.memberships.some((held) => held.merchant_id === merchantId && held.role === 'owner');
  const members = usePages(['members', merchantId], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/members', { params: { ...params, query: { cursor } } }),
    ),
  );
  const changed = () => {
    client.invalidateQueries({ queryKey: ['members', merchantId] });
    client.invalidateQueries({ queryKey: ['member-names', merchantId] });
  };
  const onError = (error: unknown) => notifications.show({ color: 'red', message: words(error) });
  const update = useMutation({
    mutationFn: ({ user_id, role }: { user_id: string; role: Role }) =>
      data(
        api.PUT('/v1/merchants/{merchant_id}/members/{user_id}', {
          params: { path: { merchant_id: merchantId, user_id } },
          body: { role },
        }),
      ),
    onSuccess: changed,
    onError,
  });
  const remove = useMutation({
    mutationFn: (user_id: string) =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/members/{user_id}', {
          params: { path: { merchant_id: merchantId, user_id } },
        }),
      ),
    onSuccess: changed,
  });
  const [leaving, setLeaving] = useState<Member | null>(null);
  return (
    <Stack>
      <Title order={1} size="h2">
        People
      </Title>
      <PagedTable
        pages={members}
        rowKey={(member) => member.user_id}
        empty="Nobody belongs to this merchant yet"
        columns={[
          { title: 'Email', cell: (member) => <bdi>{member.email}</bdi> },
          {
            title: 'Role',
            cell: (member) =>
              manages ? (
                <Select
                  aria-label={`Role of ${member.email}`}
                  data={ROLES}
                  value={member.role}
                  allowDeselect={false}
                  onChange={(role) =>
                    update.mutate({ user_id: member.user_id, role: role as Role })
                  }
                  w={140}
                  size="xs"
                />
              ) : (
                member.role
              ),
          },
          { title: 'Added', cell: (member) => <Time at={member.created_at} /> },
          {
            title: 'Actions',
            bare: true,
            cell: (member) =>
              manages && (
                <Button size="xs" variant="subtle" color="red" onClick={() => setLeaving(member)}>
                  Remove
                </Button>
              ),
          },
        ]}
      />
      {leaving && (
        <Confirm
          title="Take this person out?"
          action="Remove"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => setLeaving(null)}
          onConfirm={() => remove.mutate(leaving.user_id, { onSuccess: () => setLeaving(null) })}
        >
          <Text size="sm">
            <bdi>{leaving.email}</bdi> sees nothing of this merchant any more, within seconds. Their
            account stays.
          </Text>
        </Confirm>
      )}
      {manages && (
        <Invitations
          of={merchantId}
          roles={ROLES}
          list={(cursor) =>
            data(
              api.GET('/v1/merchants/{merchant_id}/invitations', {
                params: { ...params, query: { cursor } },
              }),
            )
          }
          invite={(email, role) =>
            data(
              api.POST('/v1/merchants/{merchant_id}/invitations', {
                params,
                body: { email, role },
              }),
            )
          }
          withdraw={(invitation_id) =>
            data(
              api.DELETE('/v1/merchants/{merchant_id}/invitations/{invitation_id}', {
                params: { path: { merchant_id: merchantId, invitation_id } },
              }),
            )
          }
        />
      )}
      <PortalLinks merchantId={merchantId} />
    </Stack>
  );
}
