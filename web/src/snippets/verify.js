// Verifies requests to {{url}}
// Give it the body as it came, before any JSON parser: express.raw({ type: '*/*' }), for one.
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE = 5 * 60; // seconds

function same(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `headers`: names in lower case. `body`: a Buffer. `signingSecret`: whsec_… */
export function verify(headers, body, { signingSecret, secret }) {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return false;
  // plain:begin
  if (!same(headers['{{plain_header}}'] ?? '', secret)) return false;
  // plain:end
  const key = Buffer.from(signingSecret.replace(/^whsec_/, ''), 'base64');
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  const expected = `v1,${signed.digest('base64')}`;
  return (headers['webhook-signature'] ?? '').split(' ').some((given) => same(given, expected));
}
