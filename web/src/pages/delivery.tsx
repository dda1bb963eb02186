import { Grid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'react-router';
import { type Delivery, getDelivery, listAttempts } from '../api/deliveries';
import { Failure } from '../api/errors';
import { CurlButton, copyCurl } from '../ui/curl-button';
import { madeAt } from '../ui/id-time';
import { useShortcuts } from '../ui/keys';
import { Empty, Failed, Loading } from '../ui/states';
import { AttemptList } from './attempt-list';
import classes from './attempt-list.module.css';
import { AttemptView } from './attempt-view';
import { DeliveryHead } from './delivery-head';
import { pace } from './delivery-cache';
import { useEndpointsById } from './endpoint-urls';
import { EventDeliveries } from './event-deliveries';
import { DeletedOn, LogReach, usePastLog } from './log-kept';
import { useRetry } from './retry-one';

export function DeliveryPage() {
  const { merchantId = '', deliveryId = '' } = useParams();
  const delivery = useQuery({
    queryKey: ['delivery', deliveryId],
    queryFn: () => getDelivery(merchantId, deliveryId),
    refetchInterval: (query) => pace(query.state.data),
  });
  if (delivery.isPending) return <Loading />;
  if (!delivery.data) {
    const isGone = delivery.error instanceof Failure && delivery.error.status === 404;
    return isGone ? (
      <NoDelivery id={deliveryId} />
    ) : (
      <Failed error={delivery.error} retry={() => delivery.refetch()} />
    );
  }
  return <Found delivery={delivery.data} />;
}

const ID = /^dlv_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Its id tells when it was taken in, if there was one. */
function NoDelivery({ id }: { id: string }) {
  const past = usePastLog(madeAt(id));
  return past && ID.test(id) ? (
    <Empty title="This delivery is no longer here">
      <Text size="sm">
        <DeletedOn past={past} />
      </Text>
    </Empty>
  ) : (
    <Empty title="There is no such delivery">
      <Text size="sm">
        Check the id, and whose delivery it is. <LogReach />
      </Text>
    </Empty>
  );
}

function Found({ delivery }: { delivery: Delivery }) {
  const [search, setSearch] = useSearchParams();
  const endpoints = useEndpointsById(delivery.merchant_id);
  // After a retry the newest attempt is the one to look at.
  const retry = useRetry(delivery.merchant_id, () => setSearch({}, { replace: true }));
  const attempts = useQuery({
    queryKey: ['attempts', delivery.id, delivery.attempt_count, delivery.status],
    queryFn: () => listAttempts(delivery.merchant_id, delivery.id),
    placeholderData: (known) => known,
  });
  const rows = attempts.data?.data.toSorted((one, other) => other.number - one.number) ?? [];
  const chosen = rows.find(({ number }) => String(number) === search.get('attempt')) ?? rows[0];
  const step = (by: number) => () => {
    const next = chosen && rows[rows.indexOf(chosen) + by];
    if (next) setSearch({ attempt: String(next.number) }, { replace: true });
  };
  useShortcuts([
    { keys: 'j', does: 'The attempt before', run: step(1) },
    { keys: 'k', does: 'The attempt after', run: step(-1) },
    { keys: 'r', does: 'Retry', run: () => retry.retry(delivery) },
    { keys: 'c', does: 'Copy as cURL', run: () => chosen && copyCurl(chosen) },
  ]);
  return (
    <Stack>
      <DeliveryHead
        delivery={delivery}
        endpoint={endpoints.get(delivery.endpoint_id)}
        retry={{
          onRetry: () => retry.retry(delivery),
          isPending: retry.isPending,
          refusal: retry.refusal(delivery),
        }}
      >
        {chosen && <CurlButton attempt={chosen} />}
      </DeliveryHead>
      {retry.dialog}
      <Grid>
        <Grid.Col span={{ base: 12, md: 4, lg: 3 }}>
          <Stack gap="lg" className={classes.aside}>
            {attempts.isPending && <Loading rows={2} />}
            {attempts.isError && !attempts.data && <Failed error={attempts.error} retry={() => attempts.refetch()} />}
            {attempts.data && <AttemptList delivery={delivery} attempts={rows} chosen={chosen} />}
            <EventDeliveries delivery={delivery} endpoints={endpoints} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8, lg: 9 }}>
          {chosen && <AttemptView attempt={chosen} merchantId={delivery.merchant_id} key={chosen.id} />}
        </Grid.Col>
      </Grid>
    </Stack>
  );
}
