import { Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { Link } from 'react-router';
import type { Attempt, Delivery } from '../api/deliveries';
import { paths } from '../path-builder';
import { Due } from '../ui/due';
import { answer } from '../ui/outcomes';
import { ms } from '../ui/span';
import { Time } from '../ui/time';
import { Actor } from './actor';
import classes from './attempt-list.module.css';
import { DeletedOn, usePastLog } from './log-kept';

/** All attempts of a delivery, the newest first, and the next one where there will be one. */
export function AttemptList({
  delivery,
  attempts,
  chosen,
}: {
  delivery: Delivery;
  attempts: Attempt[];
  chosen: Attempt | undefined;
}) {
  return (
    <Stack gap="xs" component="section" aria-label="Attempts">
      <Title order={2} size="h4">
        Attempts
      </Title>
      <ol reversed className={classes.list}>
        <Next delivery={delivery} />
        {attempts.map((attempt) => (
          <Item key={attempt.id} attempt={attempt} delivery={delivery} isChosen={attempt === chosen} />
        ))}
      </ol>
      {attempts.length === 0 && <None delivery={delivery} />}
    </Stack>
  );
}

function Item({
  attempt,
  delivery,
  isChosen,
}: {
  attempt: Attempt;
  delivery: Delivery;
  isChosen: boolean;
}) {
  const good = attempt.outcome === 'success';
  return (
    <li className={classes.item} data-good={good || undefined}>
      <span className={classes.sign} aria-hidden>
        {good ? '✓' : '✕'}
      </span>
      <UnstyledButton
        component={Link}
        to={paths.delivery(delivery.merchant_id, delivery.id, attempt.number)}
        replace
        className={classes.link}
        aria-current={isChosen || undefined}
      >
        <Text size="sm" fw={600} span>
          Attempt {attempt.number}: {answer(attempt.outcome, attempt.http_status)}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          <Why attempt={attempt} merchantId={delivery.merchant_id} />
          <Time at={attempt.started_at} />, took {ms(attempt.duration_ms)}
        </Text>
      </UnstyledButton>
    </li>
  );
}

function None({ delivery }: { delivery: Delivery }) {
  const past = usePastLog(Date.parse(delivery.created_at));
  const had = delivery.attempt_count > 0;
  return (
    <Text size="sm">
      {had && past ? <DeletedOn past={past} /> : had ? 'Its attempts are deleted.' : 'No attempt has been made yet.'}
    </Text>
  );
}

/** Why it was made, when not by the schedule alone. */
function Why({ attempt: { trigger, actor }, merchantId }: { attempt: Attempt; merchantId: string }) {
  if (trigger === 'test') return 'test, ';
  if (trigger === 'schedule' && !actor) return null;
  return (
    <>
      {trigger === 'manual' ? 'by hand' : 'brought forward'}{' '}
      {actor && (
        <>
          by <Actor id={actor} merchantId={merchantId} />
        </>
      )}
      <br />
    </>
  );
}

function Next({ delivery }: { delivery: Delivery }) {
  const { status, next_attempt_at: at } = delivery;
  if (status === 'delivering') {
    return (
      <li className={classes.item} data-next>
        <span className={classes.sign} aria-hidden>
          →
        </span>
        <Text size="sm" fw={600} className={classes.link}>
          An attempt is under way
        </Text>
      </li>
    );
  }
  if (!at) return null;
  return (
    <li className={classes.item} data-next>
      <span className={classes.sign} aria-hidden>
        …
      </span>
      <Text size="sm" fw={600} className={classes.link}>
        Next attempt <Due at={at} />
      </Text>
    </li>
  );
}
