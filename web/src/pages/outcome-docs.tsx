import { paths } from '../path-builder';
import { NewTab } from '../ui/new-tab';
import { OUTCOMES, type Outcome } from '../ui/outcomes';

/** To the server's own page about how an attempt ended: causes, what to do, what follows. */
export function OutcomeDocs({ outcome }: { outcome: Outcome }) {
  return <NewTab href={paths.outcome(outcome)}>More about {OUTCOMES[outcome].name}</NewTab>;
}
