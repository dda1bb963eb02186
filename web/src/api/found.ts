// What lists are searched by, as the API takes it.

import { Failure } from './errors';

/** Letters of a search, at most: the API takes no longer one. */
export const LONGEST = 100;

/** What somebody looks for: nothing where nothing is typed, and never what the API would refuse. */
export function searchOf(text: string): string | undefined {
  const plain = text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
  return [...plain].slice(0, LONGEST).join('') || undefined;
}

/** Whether somebody looks for one thing by its whole id, such as mer_…. */
export function isId(prefix: string, text: string): boolean {
  return new RegExp(`^${prefix}_[0-9a-z]{26}$`).test(text);
}

/** The one thing of an id as a list: empty where there is none. */
export async function listOfOne<One>(one: Promise<One>): Promise<{ data: One[]; next_cursor: null }> {
  try {
    return { data: [await one], next_cursor: null };
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return { data: [], next_cursor: null };
    throw error;
  }
}
