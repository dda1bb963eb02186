import { Anchor, SimpleGrid } from '@mantine/core';
import { Link } from 'react-router';
import type { components } from '../api/__generated__/schema';
import type { Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { Figure } from '../ui/figure';
import { answer } from '../ui/outcomes';
import { ms } from '../ui/span';
import { Time } from '../ui/time';
import { errorRate, percent } from './endpoint-stats';

type Stats = components['schemas']['EndpointStats'];
/** What is due for longer than this is late: something is wrong here, not there. */
const LATE = 60_000;

/** What waits now, and the range in figures. */
export function EndpointFigures({ owner, stats }: { owner: Owner; stats: Stats }) {
  const { totals, waiting, last_delivery: last } = stats;
  const rate = errorRate(totals);
  const span = (value: number | null) => (value === null ? '–' : ms(value));
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
      <Figure name="Waiting now" value={waiting.count.toLocaleString()}>
        {waiting.oldest_at && (
          <>
            the oldest since <Time at={waiting.oldest_at} />
          </>
        )}
      </Figure>
      <Figure name="Next attempt" value={waiting.next_attempt_at ? <Time at={waiting.next_attempt_at} /> : '–'}>
        {waiting.next_attempt_at && Date.now() - Date.parse(waiting.next_attempt_at) > LATE && (
          <b>overdue: it should have been made</b>
        )}
      </Figure>
      <Figure name="Last delivery" value={last ? <Time at={last.created_at} /> : '–'}>
        {last && owner.merchantId !== undefined && (
          <Anchor component={Link} size="sm" to={paths.delivery(owner.merchantId, last.id)}>
            {last.last_outcome ? answer(last.last_outcome, last.last_http_status) : last.status}
          </Anchor>
        )}
      </Figure>
      <Figure name="Attempts" value={(totals.succeeded + totals.failed).toLocaleString()}>
        {totals.succeeded.toLocaleString()} succeeded, {totals.failed.toLocaleString()} failed
      </Figure>
      <Figure name="Error rate" value={rate === null ? '–' : percent(rate)} />
      <Figure name="Response time" value={span(totals.p50_ms)}>
        p50; p90 {span(totals.p90_ms)}, p99 {span(totals.p99_ms)}
      </Figure>
    </SimpleGrid>
  );
}
