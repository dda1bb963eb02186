// How attempts end, in words: what it means, and what to do about it.

import type { components } from '../api/__generated__/schema';

export type Outcome = components['schemas']['Outcome'];
export type SkipReason = components['schemas']['SkipReason'];
type BodyState = components['schemas']['BodyState'];

type Words = {
  /** After "Attempt 3:". */
  name: string;
  meaning: string;
  /** What to do; nothing where there is nothing to do. */
  todo?: string;
};

export const OUTCOMES: Record<Outcome, Words> = {
  success: { name: 'success', meaning: 'The endpoint took it.' },
  http_status: {
    name: 'not accepted',
    meaning: 'The endpoint answered, but not with a status that counts as taken.',
    todo: 'Look into the endpoint’s own log at the time of this attempt, mend it there, then retry.',
  },
  redirect: {
    name: 'redirected',
    meaning: 'The endpoint answered with a redirect. Redirects are never followed.',
    todo: 'Set the endpoint’s URL to the address that the Location header names, then retry.',
  },
  blocked_address: {
    name: 'address not allowed',
    meaning: 'The URL leads to an address or a port that may not be called, such as one of a private network.',
    todo: 'Give the endpoint a public address. Where a private one is meant, an operator can allow its network.',
  },
  dns_error: {
    name: 'name not found',
    meaning: 'The host name of the URL could not be looked up.',
    todo: 'Check the spelling of the host and its DNS records. A new name may take some hours to be known everywhere.',
  },
  connect_refused: {
    name: 'connection refused',
    meaning: 'Nothing listens at this address and port.',
    todo: 'Check that the server runs, that the port is right, and that no firewall turns us away.',
  },
  connect_timeout: {
    name: 'no connection in time',
    meaning: 'The server did not answer when called.',
    todo: 'Check that the server runs and that its firewall lets our calls in.',
  },
  tls_untrusted: {
    name: 'certificate not trusted',
    meaning: 'The certificate comes from nobody who is trusted, or the chain is not complete.',
    todo: 'Install a certificate of a public authority, and let the server send the intermediate certificates too.',
  },
  tls_name_mismatch: {
    name: 'certificate for another name',
    meaning: 'The certificate does not name the host of the URL.',
    todo: 'Install a certificate that names this host, or use the host that the certificate names.',
  },
  tls_expired: {
    name: 'certificate expired',
    meaning: 'The certificate is out of its dates: expired, or not valid yet.',
    todo: 'Renew the certificate and check the clock of the server that makes it. Then retry.',
  },
  tls_protocol: {
    name: 'no common TLS version',
    meaning: 'The server offers no TLS version or cipher that is still safe.',
    todo: 'Turn on TLS 1.2 or 1.3 at the server.',
  },
  tls_handshake: {
    name: 'TLS handshake failed',
    meaning: 'The secure connection could not be set up.',
    todo: 'Check that this port speaks HTTPS and that the server asks for no client certificate.',
  },
  timeout: {
    name: 'no answer in time',
    meaning: 'The endpoint did not answer before the time was up. It may have done the work all the same.',
    todo: 'Let the endpoint answer first and work later. It may see this event again: tell repeats by the event id.',
  },
  reset: {
    name: 'connection broken off',
    meaning: 'The connection ended after the request had begun and before an answer.',
    todo: 'Look for a crash, a restart or a proxy limit at the endpoint. It may have seen this event: tell repeats by the event id.',
  },
  invalid_response: {
    name: 'answer not understood',
    meaning: 'What came back is not HTTP, or its head is larger than allowed.',
    todo: 'Check that this port speaks HTTP and what a proxy in front of it does to answers.',
  },
  unknown: {
    name: 'result not known',
    meaning: 'Our worker was lost while it waited for the answer. The endpoint may have seen this event.',
    todo: 'Nothing to mend at the endpoint. It may see this event again: tell repeats by the event id.',
  },
  cancelled: {
    name: 'cancelled',
    meaning: 'Somebody stopped it before it began.',
    todo: 'Retry it if it should be sent after all.',
  },
};

/** What some statuses ask for; the outcome itself says only that they were no acknowledgement. */
const STATUS_TODO: [is: (status: number) => boolean, todo: string][] = [
  [
    (status) => status >= 200 && status < 300,
    'This endpoint’s format wants another status: FlexyPe endpoints must answer exactly 200. Let it answer that.',
  ],
  [
    (status) => status === 401 || status === 403,
    'The endpoint does not accept who we are: check that it knows the present secret, and that no firewall or login stands before it.',
  ],
  [
    (status) => status === 404 || status === 405,
    'There is nothing that takes a POST at this path: check the URL of the endpoint.',
  ],
  [
    (status) => status === 410,
    'The endpoint says that it is gone for good. Change its URL, or delete it.',
  ],
  [(status) => status === 413, 'The body is too large for the endpoint: raise its limit.'],
  [
    (status) => status === 429,
    'The endpoint gets more than it takes: give it a rate limit, or let it take more.',
  ],
  [
    (status) => status >= 502 && status <= 504,
    'A proxy in front of the endpoint got no answer from it: check that the application behind runs.',
  ],
];

/** What to do after an attempt that ended like this. */
export function todo(outcome: Outcome, status: number | null | undefined): string | undefined {
  const known =
    outcome === 'http_status' && status
      ? STATUS_TODO.find(([is]) => is(status))?.[1]
      : undefined;
  return known ?? OUTCOMES[outcome].todo;
}

/** An answer in a few words: its status where there is one. */
export function answer(outcome: Outcome | null | undefined, status: number | null | undefined): string {
  if (outcome === 'success' || outcome === 'http_status' || outcome === 'redirect') {
    if (status) return `answered ${status}`;
  }
  return outcome ? OUTCOMES[outcome].name : 'not tried yet';
}

export const SKIPS: Record<SkipReason, { meaning: string; todo: string }> = {
  endpoint_disabled: {
    meaning: 'It was never sent: the endpoint was disabled.',
    todo: 'Enable the endpoint, then retry.',
  },
};

/** What is to be said about the body of a response; nothing where all of it is there. */
export const BODY_STATES: Record<BodyState, string | undefined> = {
  none: 'There was no answer.',
  complete: undefined,
  truncated: 'The answer was longer than what is kept: this is its beginning, the first 16 KiB.',
  incomplete: 'The answer broke off, or its end did not come in time: this is what had arrived.',
};
