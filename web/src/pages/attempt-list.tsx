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
      {attempts.length === 0 && <Text size="sm">No attempt has been made yet.</Text>}
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
          {attempt.trigger === 'manual' && (
            <>
              by hand{' '}
              {attempt.actor && (
                <>
                  by <Actor id={attempt.actor} merchantId={delivery.merchant_id} />
                </>
              )}
              <br />
            </>
          )}
          {attempt.trigger === 'test' && 'test, '}
          <Time at={attempt.started_at} />, took {ms(attempt.duration_ms)}
        </Text>
      </UnstyledButton>
    </li>
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
