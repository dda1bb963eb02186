import { useNavigate } from 'react-router';
import { useShortcuts } from '../ui/keys';
import type { NavPage } from './nav-links';

/** After `g`, this letter goes to the page of this name. */
const LETTERS: Record<string, string> = {
  o: 'Overview',
  m: 'Merchants',
  d: 'Deliveries',
  e: 'Endpoints',
  b: 'Bulk retries',
  s: 'Sessions',
  c: 'Checkouts',
  t: 'Event types',
  k: 'API keys',
  p: 'People',
  a: 'Audit log',
};

/** Keys that lead to the pages of the navigation. */
export function usePageKeys(pages: NavPage[]): void {
  const navigate = useNavigate();
  useShortcuts(
    Object.entries(LETTERS).flatMap(([letter, label]) => {
      const page = pages.find((one) => one.label === label);
      return page ? [{ keys: `g ${letter}`, does: label, run: () => void navigate(page.to) }] : [];
    }),
  );
}
