// Standard Webhooks signatures, checked in the browser: nothing that is pasted leaves it.

export type Verdict = { good: boolean; text: string };
const TOLERANCE = 300;

/** The headers of a pasted text, one on a line, by their names in lower case. */
export function headersOf(text: string): Map<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const colon = line.indexOf(':', 1);
    return colon < 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
  });
  return new Map(pairs);
}

/** Whether a request was signed with a secret, or why it seems not. */
export async function checkSignature(
  headers: Map<string, string>,
  body: string,
  signingSecret: string,
  now = Date.now(),
): Promise<Verdict> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const missing = names.filter((name) => !headers.get(name));
  if (missing.length > 0) return { good: false, text: `There is no ${missing.join(', no ')}.` };
  const [id, timestamp, signature] = names.map((name) => headers.get(name)) as [string, string, string];
  if (!/^\d+$/.test(timestamp)) {
    return { good: false, text: 'webhook-timestamp is no number of seconds.' };
  }
  const expected = await sign(signingSecret, `${id}.${timestamp}.${body}`);
  const given = signature.split(' ').filter(Boolean);
  if (!given.includes(`v1,${expected}`)) {
    const which = given.length === 1 ? 'The signature does not fit' : `None of the ${given.length} signatures fits`;
    return {
      good: false,
      text: `${which} the present signing secret: the body or a header was changed on the way, or another secret signed it.`,
    };
  }
  const age = Math.round(now / 1_000 - Number(timestamp));
  const old =
    Math.abs(age) > TOLERANCE
      ? ' It is more than 5 minutes from now, so a receiver that checks the time refuses it.'
      : '';
  return { good: true, text: `The present signing secret signed exactly this.${old}` };
}

async function sign(secret: string, text: string): Promise<string> {
  const raw = Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const digest = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
