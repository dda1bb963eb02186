// Bodies that carry JSON as somebody wrote it: its numbers keep every digit, which `JSON.parse` would not let them.

import { tryParseJson } from '../json';

class RawJson {
  constructor(readonly text: string) {}
}

/**
 * JSON text as a member of a body, sent as it is spelled: `body: { payload: rawJson(edited) }`. Throws a `SyntaxError`
 * for what is no JSON. What it gives back is only good for sending.
 */
export function rawJson(text: string): Record<string, unknown> {
  JSON.parse(text);
  return new RawJson(text.trim()) as unknown as Record<string, unknown>;
}

/** Whether a text is a JSON object, as a payload has to be. */
export function isJsonObject(text: string): boolean {
  return tryParseJson(text)?.kind === 'object';
}

/** A body as it is sent: like `JSON.stringify`, with every `rawJson` as it was written. */
export function toJson(body: unknown): string {
  if (body instanceof RawJson) return body.text;
  if (Array.isArray(body)) return `[${body.map((item) => toJson(item ?? null)).join(',')}]`;
  if (typeof body === 'object' && body !== null && !('toJSON' in body)) {
    const members = Object.entries(body).filter(([, value]) => value !== undefined);
    return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${toJson(value)}`).join(',')}}`;
  }
  return JSON.stringify(body);
}
