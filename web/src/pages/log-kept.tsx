import { ExactTime } from '../ui/exact-time';
import { deletedAt, keptUntil, keptWords } from '../ui/kept';
import { useMe } from './me';

/** How long this server keeps its log, in seconds; nothing until it has said so. */
export function useLogKept(): number | undefined {
  return useMe().data?.log_kept_seconds;
}

type Past = { at: number; keptSeconds: number };

/** When what was taken in then was deleted; nothing while the log keeps it. */
export function usePastLog(takenIn: number): Past | undefined {
  const keptSeconds = useLogKept();
  const at = keptSeconds === undefined ? undefined : deletedAt(takenIn, keptSeconds, Date.now());
  return at === undefined || keptSeconds === undefined ? undefined : { at, keptSeconds };
}

export function DeletedOn({ past: { at, keptSeconds } }: { past: Past }) {
  return (
    <>
      Deleted on <ExactTime at={at} />: this server keeps the log for {keptWords(keptSeconds)}.
    </>
  );
}

/** Until when a delivery is kept. What has not ended is kept beyond that. */
export function KeptUntil({ takenIn, hasEnded }: { takenIn: string; hasEnded: boolean }) {
  const keptSeconds = useLogKept();
  if (keptSeconds === undefined) return '…';
  const until = keptUntil(Date.parse(takenIn), keptSeconds);
  if (until > Date.now()) return <ExactTime at={until} />;
  return hasEnded ? 'now: it is about to be deleted' : 'it has ended';
}

/** How far back the log goes. */
export function LogReach({ oldest }: { oldest?: string }) {
  const keptSeconds = useLogKept();
  if (keptSeconds === undefined) return null;
  return (
    <>
      This server keeps the log for {keptWords(keptSeconds)}.
      {oldest && (
        <>
          {' '}
          The oldest shown here is kept until <ExactTime at={keptUntil(Date.parse(oldest), keptSeconds)} />.
        </>
      )}
    </>
  );
}
