// What a form of an endpoint holds, and what the API gets of it.

import type { components } from '../api/__generated__/schema';
import type { Endpoint } from '../api/endpoints';
import { type Dialect, dialectInfo } from '../pages/dialects';

type Schemas = components['schemas'];
export type HeaderDraft = { name: string; value: string };
export type EndpointDraft = {
  url: string;
  description: string;
  dialect: Dialect;
  event_types: string[];
  /** Null: one is made. */
  secret: string | null;
  headers: HeaderDraft[];
  timeout: string;
  /** Null: the format's own. Empty: no retries. */
  schedule: string | null;
  rate_limit: number | null;
  batch: Schemas['Batch'] | null;
  signed: boolean;
  /** Null: the format's newest. */
  version: string | null;
};

export const EMPTY: EndpointDraft = {
  url: '',
  description: '',
  dialect: 'standard',
  event_types: [],
  secret: null,
  headers: [],
  timeout: '',
  schedule: null,
  rate_limit: null,
  batch: null,
  signed: true,
  version: null,
};

export function draftOf(endpoint: Endpoint): EndpointDraft {
  return {
    url: endpoint.url,
    description: endpoint.description,
    dialect: endpoint.dialect,
    event_types: endpoint.event_types,
    secret: null,
    headers: Object.entries(endpoint.headers).map(([name, value]) => ({ name, value })),
    timeout: endpoint.timeout ?? '',
    schedule: endpoint.schedule && endpoint.schedule.join(', '),
    rate_limit: endpoint.rate_limit,
    batch: endpoint.batch,
    signed: endpoint.signed,
    version: endpoint.version,
  };
}

/** The delays of a text, as people separate them. */
export function delaysOf(text: string | null): string[] | null {
  return text === null ? null : text.split(/[,\s]+/).filter(Boolean);
}

const headersOf = (headers: HeaderDraft[]) =>
  Object.fromEntries(
    headers.filter(({ name }) => name.trim()).map(({ name, value }) => [name.trim(), value]),
  );

export function toCreate(draft: EndpointDraft): Schemas['CreateEndpoint'] {
  return {
    url: draft.url.trim(),
    dialect: draft.dialect,
    event_types: draft.event_types,
    description: draft.description,
    secret: draft.secret,
    headers: headersOf(draft.headers),
    timeout: draft.timeout.trim() || null,
    schedule: delaysOf(draft.schedule),
    rate_limit: draft.rate_limit,
    batch: dialectInfo(draft.dialect).batches ? draft.batch : null,
    signed: draft.signed,
    version: draft.version,
  };
}

/** What differs from the endpoint: what is left out stays. */
export function toUpdate(draft: EndpointDraft, endpoint: Endpoint): Schemas['UpdateEndpoint'] {
  const { dialect: _, secret: __, version: _v, headers, ...now } = toCreate(draft);
  const { headers: had, ...before } = toCreate(draftOf(endpoint));
  const changes = Object.entries(now).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof typeof before]),
  );
  const gone = Object.keys(had ?? {}).filter((name) => !(name in (headers ?? {})));
  const changed = Object.entries(headers ?? {}).filter(([name, value]) => had?.[name] !== value);
  const headerChanges = { ...Object.fromEntries(gone.map((name) => [name, null])), ...Object.fromEntries(changed) };
  return {
    ...Object.fromEntries(changes),
    ...(Object.keys(headerChanges).length > 0 && { headers: headerChanges }),
  };
}

/** What is wrong with a secret of one's own, before it is sent; the server has the last word. */
export function secretFault(dialect: Dialect, secret: string): string | undefined {
  if (dialect === 'standard') {
    const bytes = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret)?.[1]?.replace(/=+$/, '').length ?? 0;
    const size = Math.floor((bytes * 3) / 4);
    return size >= 24 && size <= 64 ? undefined : 'It is whsec_ and the base64 of 24 to 64 bytes.';
  }
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(secret)) {
    return 'It is sent in a header: printable ASCII characters only, no space at either end.';
  }
  return secret.length >= 16 && secret.length <= 512 ? undefined : 'It has 16 to 512 characters.';
}
