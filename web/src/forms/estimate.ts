import { span } from '../ui/span';

/** The API counts no further. */
const MOST = 1_000_000;

/** What a bulk retry comes to: "1,204 deliveries to 3 endpoints, about 4 minutes at 5 a second". */
export function estimateWords({
  count,
  rate,
  endpoints,
}: {
  count: number;
  rate: number;
  /** To how many endpoints, where that is known. */
  endpoints?: number;
}): string {
  if (count === 0) return 'Nothing of this can be retried.';
  const many = count >= MOST ? `${MOST.toLocaleString()} deliveries or more` : plural(count, 'delivery', 'deliveries');
  const to = endpoints ? ` to ${plural(endpoints, 'endpoint', 'endpoints')}` : '';
  return `${many}${to}, about ${span((count / rate) * 1_000)} at ${rate.toLocaleString()} a second.`;
}

function plural(count: number, one: string, more: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : more}`;
}
