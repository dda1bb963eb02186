import { Anchor, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { LONGEST, isId, listOfOne, searchOf } from '../api/found';
import { paths } from '../path-builder';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { SearchBox, TYPING } from '../ui/search-box';
import { NoMatch } from '../ui/states';
import { Time } from '../ui/time';
import { useFilter } from './filter';
import { Invitations } from './invitations';
import { useMe } from './me';

export const PLATFORM_ROLES: components['schemas']['PlatformRole'][] = [
  'viewer',
  'operator',
  'admin',
];

/** A page of the users that are found by a text or an id. */
function read(q: string, cursor: string | undefined) {
  if (isId('usr', q))
    return listOfOne(data(api.GET('/v1/users/{user_id}', { params: { path: { user_id: q } } })));
  return data(api.GET('/v1/users', { params: { query: { search: searchOf(q), cursor } } }));
}

/** Everybody who may log in. */
export function Users() {
  const me = useMe();
  const filter = useFilter('q');
  const { q } = filter.values;
  const users = usePages(['users', q], (cursor) => read(q, cursor), { isSearched: true });
  if (me.data && me.data.platform_role !== 'admin')
    return <Forbidden title="Users" whom="admins of the platform" />;
  return (
    <Stack>
      <Title order={1} size="h2">
        Users
      </Title>
      <SearchBox
        label="Search users"
        placeholder="Email or id"
        value={q}
        wait={TYPING}
        maxLength={LONGEST}
        onSearch={(q) => filter.set({ q })}
      />
      <PagedTable
        pages={users}
        rowKey={(user) => user.id}
        empty={q ? <NoMatch title="Nobody matches" onClear={filter.clear} /> : 'There is nobody yet'}
        columns={[
          {
            title: 'Email',
            cell: (user) => (
              <Anchor component={Link} to={paths.user(user.id)}>
                <bdi>{user.email}</bdi>
              </Anchor>
            ),
          },
          { title: 'On the platform', cell: (user) => user.platform_role ?? '–' },
          { title: 'In merchants', cell: (user) => counted(user.memberships.length, 'merchant') },
          { title: 'Develops', cell: (user) => counted(user.app_ids.length, 'app') },
          { title: 'Added', cell: (user) => <Time at={user.created_at} /> },
        ]}
      />
      <Invitations
        of="platform"
        roles={PLATFORM_ROLES}
        list={(cursor) => data(api.GET('/v1/invitations', { params: { query: { cursor } } }))}
        invite={(email, platform_role) =>
          data(api.POST('/v1/invitations', { body: { email, platform_role } }))
        }
        withdraw={(invitation_id) =>
          data(
            api.DELETE('/v1/invitations/{invitation_id}', { params: { path: { invitation_id } } }),
          )
        }
      />
      <Text size="sm">People of one merchant are invited on that merchant's own page.</Text>
    </Stack>
  );
}

function counted(count: number, noun: string): string {
  return count === 0 ? '–' : `${count} ${noun}${count === 1 ? '' : 's'}`;
}
