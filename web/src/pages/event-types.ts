import { useQuery } from '@tanstack/react-query';
import type { components } from '../api/__generated__/schema';
import { api, data } from '../api/client';
import { spelled } from '../json';
import { DIALECTS } from './dialects';

export type EventType = components['schemas']['EventType'];

/** The catalogue. */
export function useEventTypes() {
  return useQuery({
    queryKey: ['event-types'],
    queryFn: () => data(api.GET('/v1/event-types')),
    staleTime: 300_000,
  });
}

/** An entry of the catalogue, its example and schema as they are spelled. */
export function useEventType(name: string | null) {
  return useQuery({
    queryKey: ['event-type', name],
    enabled: name !== null,
    staleTime: 300_000,
    queryFn: async () => {
      const params = { path: { name: name ?? '' } };
      const text = await data<string>(
        api.GET('/v1/event-types/{name}', { params, parseAs: 'text' }),
      );
      return {
        type: JSON.parse(text) as EventType,
        example: spelled(text, 'example') ?? '{}',
        schema: spelled(text, 'schema') ?? 'null',
      };
    },
  });
}

/** Event types by the dialect they belong to, in the order in which dialects are told of everywhere. */
export function byDialect(types: EventType[]) {
  return DIALECTS.map((dialect) => ({
    dialect,
    types: types.filter((type) => type.dialect === dialect.name),
  })).filter((group) => group.types.length > 0);
}

/** Whether a type is what somebody looks for, by its name or what is said of it. */
export function isAbout(type: EventType, search: string): boolean {
  const text = `${type.name} ${type.description} ${type.fires_when}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
