import { useNavigate } from 'react-router';
import { paths } from '../path-builder';
import { useShortcuts } from '../ui/keys';

/** Keys that lead to other pages. */
export function useGoKeys(merchantId: string | undefined): void {
  const navigate = useNavigate();
  const go = (to: string) => () => {
    navigate(to);
  };
  useShortcuts(
    merchantId
      ? [
          { keys: 'g d', does: 'Deliveries', run: go(paths.deliveries(merchantId)) },
          { keys: 'g e', does: 'Endpoints', run: go(paths.endpoints(merchantId)) },
          { keys: 'g b', does: 'Bulk retries', run: go(paths.retryJobs(merchantId)) },
          { keys: 'g m', does: 'Merchants', run: go(paths.merchants()) },
        ]
      : [{ keys: 'g m', does: 'Merchants', run: go(paths.merchants()) }],
  );
}
