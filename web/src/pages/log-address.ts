import { useSearchParams } from 'react-router';

/**
 * Changes what the address says. What it says now is read from the address itself: the page may still be drawing what
 * an earlier change led to.
 */
export function useAddress(): (change: (search: URLSearchParams) => URLSearchParams) => void {
  const [, setSearch] = useSearchParams();
  return (change) => setSearch(change(new URLSearchParams(window.location.search)), { replace: true });
}
