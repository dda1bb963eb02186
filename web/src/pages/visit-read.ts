// A session or a checkout as it is shown: what shoppers' activities say keeps its spelling.

import type { components } from '../api/__generated__/schema';
import { type JsonNode, tryParseJson } from '../json';

type Entry = components['schemas']['TimelineEntry'];
/** With what its activity says: names and values, each as it is spelled; strings without their quotes. */
export type ToldEntry = Entry & { details: [name: string, value: string][] };
export type Told<Visit extends { timeline: Entry[] }> = Omit<Visit, 'timeline'> & { timeline: ToldEntry[] };

/** Reads the answer of the API. */
export function readVisit<Visit extends { timeline: Entry[] }>(text: string): Told<Visit> {
  const visit = JSON.parse(text) as Visit;
  const entries = member(tryParseJson(text), 'timeline')?.children ?? [];
  const timeline = visit.timeline.map((entry, index) => ({
    ...entry,
    details: details(text, member(member(entries[index], 'activity'), 'data')),
  }));
  return { ...visit, timeline };
}

function member(node: JsonNode | undefined, key: string): JsonNode | undefined {
  return node?.children.findLast((child) => child.key === key);
}

function details(text: string, node: JsonNode | undefined): [string, string][] {
  return (node?.children ?? [])
    .filter(({ kind }) => kind !== 'null')
    .map(({ kind, key = '', start, end }) => {
      const value = text.slice(start, end);
      return [key, kind === 'string' ? (JSON.parse(value) as string) : value];
    });
}
