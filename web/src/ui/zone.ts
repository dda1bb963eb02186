// In which zone times are told: a choice of this browser, kept in it.

import { useSyncExternalStore } from 'react';

export type Zone = 'local' | 'UTC';
const KEY = 'hookyard-zone';
const listeners = new Set<() => void>();

function read(): Zone {
  try {
    return localStorage.getItem(KEY) === 'UTC' ? 'UTC' : 'local';
  } catch {
    return 'local';
  }
}

let zone = read();

export function chooseZone(next: Zone): void {
  zone = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds for as long as this page is open.
  }
  for (const listener of listeners) listener();
}

export function useZone(): Zone {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => zone,
  );
}

/** The zone of this browser, such as Asia/Jerusalem. */
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

/** A time to the second, its zone named. */
export function exactly(at: string | Date, zone: Zone): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat(undefined, {
      dateStyle: 'medium',
      timeStyle: 'long',
      ...(zone === 'UTC' && { timeZone: 'UTC' }),
    });
    formats.set(zone, format);
  }
  return format.format(new Date(at));
}
