import { Alert, Anchor, Code, Group, Paper, Stack, Table, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { api, data } from '../api/client';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';
import { Copy } from '../ui/copy';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { TimelineView } from './timeline';
import { VisitState } from '../ui/visit-state';
import { phoneOf, shopperName } from './shopper';
import { type Told, readVisit } from './visit-read';
import { Due, stepName } from './visits';

type SessionDetail = components['schemas']['SessionDetail'];
type CheckoutDetail = components['schemas']['CheckoutDetail'];
type Visited = Told<SessionDetail | CheckoutDetail>;
/** What still goes on is read again this often. */
const WATCH = 5_000;

export function SessionPage() {
  const { merchantId = '', sessionId = '' } = useParams();
  const session = useQuery({
    queryKey: ['session', sessionId],
    queryFn: async () =>
      readVisit<SessionDetail>(
        await data<string>(
          api.GET('/v1/merchants/{merchant_id}/sessions/{session_id}', {
            params: { path: { merchant_id: merchantId, session_id: sessionId } },
            parseAs: 'text',
          }),
        ),
      ),
    refetchInterval: (query) => (query.state.data?.ended_at === null ? WATCH : false),
  });
  if (session.isPending) return <Loading />;
  if (!session.data) return <Failed error={session.error} retry={() => session.refetch()} />;
  const { checkout } = session.data;
  return (
    <Visit what="Session" visit={session.data} merchantId={merchantId}>
      <Fact name="Session id">
        <Id text={session.data.session_id} what="session id" />
      </Fact>
      {checkout && (
        <Fact name="Led to">
          <Anchor component={Link} size="sm" to={paths.checkout(merchantId, checkout.id)}>
            checkout <bdi>{checkout.checkout_id ?? checkout.id}</bdi>
          </Anchor>
        </Fact>
      )}
    </Visit>
  );
}

export function CheckoutPage() {
  const { merchantId = '', checkoutId = '' } = useParams();
  const checkout = useQuery({
    queryKey: ['checkout', checkoutId],
    queryFn: async () =>
      readVisit<CheckoutDetail>(
        await data<string>(
          api.GET('/v1/merchants/{merchant_id}/checkouts/{checkout_id}', {
            params: { path: { merchant_id: merchantId, checkout_id: checkoutId } },
            parseAs: 'text',
          }),
        ),
      ),
    refetchInterval: (query) => (query.state.data?.ended_at === null ? WATCH : false),
  });
  if (checkout.isPending) return <Loading />;
  if (!checkout.data) return <Failed error={checkout.error} retry={() => checkout.refetch()} />;
  const { session, superseded_by: next, recovered_at: recovered } = checkout.data;
  return (
    <Visit what="Checkout" visit={checkout.data} merchantId={merchantId}>
      <Fact name="Checkout id">
        <Id text={checkout.data.checkout_id} what="checkout id" />
      </Fact>
      <Fact name="Came to">{stepName(checkout.data)}</Fact>
      {session && (
        <Fact name="Began in">
          <Anchor component={Link} size="sm" to={paths.session(merchantId, session.id)}>
            session <bdi>{session.session_id ?? session.id}</bdi>
          </Anchor>
        </Fact>
      )}
      {next && (
        <Fact name="Replaced by">
          <Anchor component={Link} size="sm" to={paths.checkout(merchantId, next.id)}>
            checkout <bdi>{next.checkout_id ?? next.id}</bdi>
          </Anchor>
        </Fact>
      )}
      {recovered && (
        <Fact name="Recovered">
          <Time at={recovered} />
        </Fact>
      )}
    </Visit>
  );
}

/** The order that came of a visit, by the platform's id. */
function orderOf({ timeline }: Visited): string | undefined {
  const ordered = timeline.find((entry) => entry.activity?.type === 'order_completed');
  return ordered?.details.find(([name]) => name === 'order_id')?.[1];
}

function Visit({
  what,
  visit,
  merchantId,
  children,
}: {
  what: string;
  visit: Visited;
  merchantId: string;
  children: ReactNode;
}) {
  const { shopper } = visit;
  const order = orderOf(visit);
  return (
    <Stack>
      <Group>
        <Title order={1} size="h2">
          {what} of <bdi>{shopperName(shopper)}</bdi>
        </Title>
        <VisitState state={visit.state} />
        <span role="status">
          <Due at={visit.due_at} ended={visit.ended_at} />
        </span>
      </Group>
      {!shopper && (
        <Alert color="gray" title="Nobody knows who this is">
          Nothing fires for a shopper who is not identified: there is nobody to write to.
        </Alert>
      )}
      <Paper withBorder p="xs" w="fit-content" maw="100%">
        <Table withRowBorders={false} verticalSpacing={4}>
          <Table.Tbody>
            {children}
            {shopper?.email && (
              <Fact name="Email">
                <Id text={shopper.email} what="email" />
              </Fact>
            )}
            {shopper?.phone && (
              <Fact name="Phone">
                <Id text={phoneOf(shopper)} what="phone number" />
              </Fact>
            )}
            {order && (
              <Fact name="Order">
                <Id text={order} what="order id" />
              </Fact>
            )}
            <Fact name="Began">
              <Time at={visit.opened_at} />
            </Fact>
            <Fact name="Last activity">
              <Time at={visit.last_activity_at} />
            </Fact>
          </Table.Tbody>
        </Table>
      </Paper>
      <Title order={2} size="h4">
        What happened
      </Title>
      <TimelineView entries={visit.timeline} merchantId={merchantId} />
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500} w={130}>
        {name}
      </Table.Th>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}

function Id({ text, what }: { text: string | null; what: string }) {
  if (!text) return '–';
  return (
    <Group gap={4} wrap="nowrap">
      <Code>
        <bdi>{text}</bdi>
      </Code>
      <Copy text={text} what={what} />
    </Group>
  );
}
