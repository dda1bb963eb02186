import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import classes from './due.module.css';
import { span } from './span';

/** Two clocks differ, and a busy worker may be a little late: until then it is not worth a warning. */
const GRACE = 15_000;

/** How far away a due time is, in words; `late` when it has passed and nothing has happened. */
export function dueWords(at: string, now: number): { words: string; late: boolean } {
  const left = Date.parse(at) - now;
  if (left >= 1_000) return { words: `in ${span(left)}`, late: false };
  if (left > -GRACE) return { words: 'now', late: false };
  return { words: `overdue by ${span(-left)}`, late: true };
}

/** When something is due, kept up to date while one looks. */
export function Due({ at }: { at: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const { words, late } = dueWords(at, now);
  if (!late) return <time dateTime={at}>{words}</time>;
  return (
    <time dateTime={at} className={classes.late}>
      <IconAlertTriangle size={14} aria-hidden /> {words}
    </time>
  );
}
