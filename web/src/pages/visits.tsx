import { Anchor, Badge, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { PagedTable, usePages } from '../ui/paged';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { TimelineView } from '../ui/timeline';

type Shopper = components['schemas']['Shopper'];
/** What a visit may be found by. */
const FINDS = ['email', 'phone', 'session_id', 'checkout_id'] as const;

function name(shopper: Shopper | null): string {
  if (!shopper) return 'Anonymous';
  const full = [shopper.first_name, shopper.last_name].filter(Boolean).join(' ');
  return full || shopper.email || shopper.phone || shopper.contact_id;
}

function useFind() {
  const [search, setSearch] = useSearchParams();
  const found = Object.fromEntries(FINDS.map((key) => [key, search.get(key) ?? undefined]));
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const given = FINDS.map((key) => [key, String(form.get(key)).trim()]);
    setSearch(Object.fromEntries(given.filter(([, value]) => value)));
  }
  const fields = (
    <form onSubmit={submit} role="search">
      <Group align="end">
        {FINDS.map((key) => (
          <TextInput
            key={`${key} ${found[key]}`}
            name={key}
            label={{ email: 'Email', phone: 'Phone', session_id: 'Session id', checkout_id: 'Checkout id' }[key]}
            defaultValue={found[key] ?? ''}
            w={180}
          />
        ))}
        <button type="submit" hidden />
      </Group>
    </form>
  );
  return { found, fields };
}

/** When a waiting visit counts as left behind. */
function Due({ at, ended }: { at: string | null; ended: string | null }) {
  if (ended) {
    return (
      <>
        ended <Time at={ended} />
      </>
    );
  }
  return at ? (
    <>
      fires <Time at={at} />
    </>
  ) : (
    '–'
  );
}

export function Sessions() {
  const { merchantId = '' } = useParams();
  const { found, fields } = useFind();
  const pages = usePages(['sessions', merchantId, found], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/sessions', {
        params: { path: { merchant_id: merchantId }, query: { ...found, cursor } },
      }),
    ),
  );
  return (
    <Stack>
      <Title order={1} size="h2">
        Sessions
      </Title>
      {fields}
      <PagedTable
        pages={pages}
        rowKey={(session) => session.id}
        empty="No session matches"
        columns={[
          {
            title: 'Shopper',
            cell: (session) => (
              <Anchor component={Link} to={paths.session(merchantId, session.id)}>
                <bdi>{name(session.shopper)}</bdi>
              </Anchor>
            ),
          },
          { title: 'State', cell: (session) => <Badge variant="light" autoContrast>{session.state}</Badge> },
          { title: 'Began', cell: (session) => <Time at={session.opened_at} /> },
          { title: 'Then', cell: (session) => <Due at={session.due_at} ended={session.ended_at} /> },
        ]}
      />
    </Stack>
  );
}

export function Checkouts() {
  const { merchantId = '' } = useParams();
  const { found, fields } = useFind();
  const pages = usePages(['checkouts', merchantId, found], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/checkouts', {
        params: { path: { merchant_id: merchantId }, query: { ...found, cursor } },
      }),
    ),
  );
  return (
    <Stack>
      <Title order={1} size="h2">
        Checkouts
      </Title>
      {fields}
      <PagedTable
        pages={pages}
        rowKey={(checkout) => checkout.id}
        empty="No checkout matches"
        columns={[
          {
            title: 'Shopper',
            cell: (checkout) => (
              <Anchor component={Link} to={paths.checkout(merchantId, checkout.id)}>
                <bdi>{name(checkout.shopper)}</bdi>
              </Anchor>
            ),
          },
          { title: 'State', cell: (checkout) => <Badge variant="light" autoContrast>{checkout.state}</Badge> },
          { title: 'Step', cell: (checkout) => checkout.step ?? checkout.kind },
          { title: 'Began', cell: (checkout) => <Time at={checkout.opened_at} /> },
          { title: 'Then', cell: (checkout) => <Due at={checkout.due_at} ended={checkout.ended_at} /> },
        ]}
      />
    </Stack>
  );
}

export function SessionPage() {
  const { merchantId = '', sessionId = '' } = useParams();
  const session = useQuery({
    queryKey: ['session', sessionId],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/sessions/{session_id}', {
          params: { path: { merchant_id: merchantId, session_id: sessionId } },
        }),
      ),
  });
  if (session.isPending) return <Loading />;
  if (session.isError) return <Failed error={session.error} retry={() => session.refetch()} />;
  return <Visit what="Session" id={session.data.session_id} visit={session.data} merchantId={merchantId} />;
}

export function CheckoutPage() {
  const { merchantId = '', checkoutId = '' } = useParams();
  const checkout = useQuery({
    queryKey: ['checkout', checkoutId],
    queryFn: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/checkouts/{checkout_id}', {
          params: { path: { merchant_id: merchantId, checkout_id: checkoutId } },
        }),
      ),
  });
  if (checkout.isPending) return <Loading />;
  if (checkout.isError) return <Failed error={checkout.error} retry={() => checkout.refetch()} />;
  return <Visit what="Checkout" id={checkout.data.checkout_id} visit={checkout.data} merchantId={merchantId} />;
}

type Visited = {
  state: string;
  shopper: Shopper | null;
  due_at: string | null;
  ended_at: string | null;
  timeline: components['schemas']['TimelineEntry'][];
};

function Visit({
  what,
  id,
  visit,
  merchantId,
}: {
  what: string;
  id: string | null;
  visit: Visited;
  merchantId: string;
}) {
  return (
    <Stack>
      <Group>
        <Title order={1} size="h2">
          {what} of <bdi>{name(visit.shopper)}</bdi>
        </Title>
        <Badge variant="light" autoContrast>
          {visit.state}
        </Badge>
      </Group>
      <Group gap="xs">
        {id && <Code>{id}</Code>}
        <Text size="sm">
          <Due at={visit.due_at} ended={visit.ended_at} />
        </Text>
      </Group>
      <TimelineView entries={visit.timeline} merchantId={merchantId} />
    </Stack>
  );
}
