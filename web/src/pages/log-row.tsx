import { memo } from 'react';
import { Link } from 'react-router';
import type { Delivery } from '../api/deliveries';
import { paths } from '../path-builder';
import { Due } from '../ui/due';
import { answer } from '../ui/outcomes';
import { StatusBadge } from '../ui/status';
import { Time } from '../ui/time';
import classes from './log-table.module.css';

type Props = {
  delivery: Delivery;
  index: number;
  height: number;
  url: string;
  /** Its merchant's name, in the log of all merchants. */
  merchant: string | undefined;
  isChosen: boolean;
  /** Whether it has changed and the filter would leave it out now. */
  isOutside: boolean;
  onChoose: (ids: string[], chosen: boolean) => void;
};

/** A row of the log. Scrolling draws many: of plain elements, and one that has not changed is not drawn again. */
export const LogRow = memo(function LogRow({ delivery, index, height, url, merchant, isChosen, isOutside, onChoose }: Props) {
  return (
    <tr data-row={index} aria-rowindex={index + 2} style={{ height }} data-chosen={isChosen || undefined}>
      <td className={classes.pick}>
        <input
          type="checkbox"
          className={classes.check}
          aria-label={`Choose ${delivery.event_type} ${delivery.event_id}`}
          checked={isChosen}
          onChange={(event) => onChoose([delivery.id], event.currentTarget.checked)}
        />
      </td>
      <Status delivery={delivery} isOutside={isOutside} />
      <Event delivery={delivery} />
      {merchant !== undefined && (
        <td className={classes.wide}>
          <Link to={paths.deliveries(delivery.merchant_id)} className={`${classes.link} ${classes.clip}`}>
            <bdi>{merchant}</bdi>
          </Link>
        </td>
      )}
      <td className={classes.wide}>
        <bdi className={classes.clip} title={url}>
          {url}
        </bdi>
      </td>
      <td className={`${classes.wide} ${classes.answer}`}>
        {answer(delivery.last_outcome, delivery.last_http_status)}
        {delivery.attempt_count > 1 && (
          <div className={classes.small}>{delivery.attempt_count.toLocaleString()} attempts</div>
        )}
      </td>
      <td className={`${classes.wide} ${classes.time}`}>
        <Time at={delivery.created_at} />
      </td>
    </tr>
  );
});

function Status({
  delivery: { status, next_attempt_at: due },
  isOutside,
}: Pick<Props, 'delivery' | 'isOutside'>) {
  return (
    <td className={classes.status}>
      <StatusBadge status={status} />
      {isOutside && (
        <div className={classes.small}>matches no more</div>
      )}
      {!isOutside && status === 'retrying' && due && (
        <div className={classes.small}>
          <Due at={due} />
        </div>
      )}
    </td>
  );
}

function Event({ delivery }: { delivery: Delivery }) {
  return (
    <td>
      <Link
        to={paths.delivery(delivery.merchant_id, delivery.id)}
        className={`${classes.link} ${classes.event} ${classes.clip}`}
      >
        <bdi>{delivery.event_type}</bdi>
        {delivery.is_test && ' (test)'}
      </Link>
      <div className={`${classes.small} ${classes.id} ${classes.clip}`}>{delivery.event_id}</div>
      <div className={`${classes.clip} ${classes.narrow}`}>
        {answer(delivery.last_outcome, delivery.last_http_status)}, <Time at={delivery.created_at} />
      </div>
    </td>
  );
}
