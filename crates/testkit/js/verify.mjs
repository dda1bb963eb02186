// Verifies one request with npm's `standardwebhooks`. Reads {secret, headers, body} as JSON, the body in base64;
// exits 0 when the signature is good and 1 with the reason when it is not.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf8'));
try {
  new Webhook(secret).verify(Buffer.from(body, 'base64').toString('utf8'), headers);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
