import { Anchor, Badge, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { Countdown } from '../ui/countdown';
import { PagedTable, usePages } from '../ui/paged';
import { Empty } from '../ui/states';
import { Time } from '../ui/time';
import { VisitState } from '../ui/visit-state';
import { phoneOf, shopperName } from './shopper';
import { useVisitSearch } from './visit-search';

type Shopper = components['schemas']['Shopper'];

export function Sessions() {
  const { merchantId = '' } = useParams();
  const { query, fields, isOn } = useVisitSearch({
    active: 'active',
    converted: 'converted',
    abandoned: 'abandoned',
    expired_anonymous: 'ended, anonymous',
  });
  const pages = usePages(['sessions', merchantId, query], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/sessions', {
        params: { path: { merchant_id: merchantId }, query: { ...query, cursor } },
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
        empty={<None isOn={isOn} what="session" />}
        columns={[
          {
            title: 'Shopper',
            cell: (session) => (
              <Who shopper={session.shopper} to={paths.session(merchantId, session.id)} />
            ),
          },
          { title: 'State', cell: (session) => <VisitState state={session.state} /> },
          { title: 'Began', cell: (session) => <Time at={session.opened_at} /> },
          { title: 'Last activity', cell: (session) => <Time at={session.last_activity_at} /> },
          {
            title: 'Then',
            cell: (session) => <Due at={session.due_at} ended={session.ended_at} />,
          },
        ]}
      />
    </Stack>
  );
}

export function Checkouts() {
  const { merchantId = '' } = useParams();
  const { query, fields, isOn } = useVisitSearch({
    open: 'open',
    completed: 'completed',
    abandoned: 'abandoned',
    superseded: 'superseded',
    expired_anonymous: 'ended, anonymous',
  });
  const pages = usePages(['checkouts', merchantId, query], (cursor) =>
    data(
      api.GET('/v1/merchants/{merchant_id}/checkouts', {
        params: { path: { merchant_id: merchantId }, query: { ...query, cursor } },
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
        empty={<None isOn={isOn} what="checkout" />}
        minWidth={640}
        columns={[
          {
            title: 'Shopper',
            cell: (checkout) => (
              <Who shopper={checkout.shopper} to={paths.checkout(merchantId, checkout.id)} />
            ),
          },
          {
            title: 'State',
            cell: (checkout) => (
              <Group gap={4}>
                <VisitState state={checkout.state} />
                {checkout.recovered_at && (
                  <Badge variant="light" color="green" autoContrast>
                    recovered
                  </Badge>
                )}
              </Group>
            ),
          },
          { title: 'Step', cell: (checkout) => stepName(checkout) },
          { title: 'Began', cell: (checkout) => <Time at={checkout.opened_at} /> },
          {
            title: 'Then',
            cell: (checkout) => <Due at={checkout.due_at} ended={checkout.ended_at} />,
          },
        ]}
      />
    </Stack>
  );
}

/** How far a checkout has come. */
export function stepName({ step, kind }: Pick<components['schemas']['Checkout'], 'step' | 'kind'>) {
  return step ? step.toLowerCase().replaceAll('_', ' ') : kind;
}

/** The shopper, and by what else they are known. */
function Who({ shopper, to }: { shopper: Shopper | null; to: string }) {
  const name = shopperName(shopper);
  const other =
    shopper && [shopper.email, phoneOf(shopper)].find((known) => known && known !== name);
  return (
    <>
      <Anchor component={Link} to={to}>
        <bdi>{name}</bdi>
      </Anchor>
      {other && (
        <Text size="xs" c="dimmed">
          <bdi>{other}</bdi>
        </Text>
      )}
    </>
  );
}

/** When a waiting visit counts as left behind. */
export function Due({ at, ended }: { at: string | null; ended: string | null }): ReactNode {
  if (ended)
    return (
      <>
        ended <Time at={ended} />
      </>
    );
  return at ? <Countdown to={at} does="fires" /> : '–';
}

function None({ isOn, what }: { isOn: boolean; what: string }) {
  return isOn ? (
    <Empty title={`No ${what} matches`} />
  ) : (
    <Empty title={`No ${what} yet`}>
      <Text size="sm">They appear as soon as the store reports what its shoppers do.</Text>
    </Empty>
  );
}
