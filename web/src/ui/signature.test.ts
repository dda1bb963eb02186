import { expect, test } from 'vitest';
import { checkSignature, headersOf } from './signature';

// The published vector of Standard Webhooks.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';
const HEADERS = `Content-Type: application/json
Webhook-Id: msg_p5jXN8AQM9LWM0D4loKWxJek
webhook-timestamp: 1614265330
webhook-signature: v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=`;
const NOW = 1_614_265_330_000;

test('a genuine request is recognised, by any of its signatures', async () => {
  const verdict = await checkSignature(headersOf(HEADERS), BODY, SECRET, NOW);
  expect(verdict).toEqual({ good: true, text: 'The present signing secret signed exactly this.' });
});

test('an old one is too, and what receivers say to it', async () => {
  const verdict = await checkSignature(headersOf(HEADERS), BODY, SECRET, NOW + 301_000);
  expect(verdict.good).toBe(true);
  expect(verdict.text).toContain('more than 5 minutes');
});

test.each([
  ['a changed body', HEADERS, `${BODY} `, /None of the 2 signatures fits/],
  ['no signature', HEADERS.replace('webhook-signature', 'x'), BODY, /no webhook-signature/],
  ['nothing at all', '', BODY, /no webhook-id, no webhook-timestamp, no webhook-signature/],
  ['no time', HEADERS.replace('1614265330', 'today'), BODY, /no number of seconds/],
])('%s is told', async (_, headers, body, why) => {
  const verdict = await checkSignature(headersOf(headers), body, SECRET, NOW);
  expect(verdict.good).toBe(false);
  expect(verdict.text).toMatch(why);
});
