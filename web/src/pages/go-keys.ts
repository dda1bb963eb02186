import { useNavigate } from 'react-router';
import { useShortcuts } from '../ui/keys';
import type { NavPage } from './nav-links';

/** After `g`, this letter leads to the page of this name. */
const LETTERS: Record<string, string> = {
  Overview: 'o',
  Merchants: 'm',
  Deliveries: 'd',
  Endpoints: 'e',
  'Bulk retries': 'b',
  Sessions: 's',
  Checkouts: 'c',
  'Event types': 't',
  'API keys': 'k',
  People: 'p',
  'Audit log': 'a',
};

/** Keys that lead to the pages of the navigation. */
export function useGoKeys(pages: NavPage[]): void {
  const navigate = useNavigate();
  useShortcuts(
    pages
      .filter(({ label }) => label in LETTERS)
      .map(({ label, to }) => ({
        keys: `g ${LETTERS[label]}`,
        does: label,
        run: () => {
          navigate(to);
        },
      })),
  );
}
