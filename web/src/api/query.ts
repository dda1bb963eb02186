import { QueryClient } from '@tanstack/react-query';
import { Failure } from './errors';

/** What has been read. Answers that will not change by asking again are not asked for again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => count < 2 && !(error instanceof Failure && error.status < 500),
    },
  },
});

/** Forgets everything: somebody else is here now. */
export function forget(): void {
  queryClient.clear();
}
