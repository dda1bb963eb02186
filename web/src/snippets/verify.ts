// Verifies requests to {{url}}
// Give it the body as it came, before any JSON parser: express.raw({ type: '*/*' }), for one.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const TOLERANCE = 5 * 60; // seconds

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)] as const;
  return a.length === b.length && timingSafeEqual(a, b);
}

export function verify(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: { signingSecret: string; secret: string },
): boolean {
  const id = String(headers['webhook-id'] ?? '');
  const timestamp = String(headers['webhook-timestamp'] ?? '');
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return false;
  // plain:begin
  if (!same(String(headers['{{plain_header}}'] ?? ''), secrets.secret)) return false;
  // plain:end
  const key = Buffer.from(secrets.signingSecret.replace(/^whsec_/, ''), 'base64');
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  const expected = `v1,${signed.digest('base64')}`;
  return String(headers['webhook-signature'] ?? '')
    .split(' ')
    .some((given) => same(given, expected));
}
