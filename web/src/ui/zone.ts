// In which zone times are told: a choice of this browser, kept in it. The zone of a store counts on its merchant's pages.

import { createContext, useContext, useSyncExternalStore } from 'react';

export type ZoneChoice = 'local' | 'UTC' | 'store';
/** `local`, or a zone by its IANA name. */
export type Zone = string;

const KEY = 'hookyard-zone';
const CHOICES: ZoneChoice[] = ['local', 'UTC', 'store'];
const listeners = new Set<() => void>();

function read(): ZoneChoice {
  try {
    return CHOICES.find((one) => one === localStorage.getItem(KEY)) ?? 'local';
  } catch {
    return 'local';
  }
}

let choice = read();

export function chooseZone(next: ZoneChoice): void {
  choice = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds for as long as this page is open.
  }
  for (const listener of listeners) listener();
}

export function useZoneChoice(): ZoneChoice {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => choice,
  );
}

/** The zone of the store that the page is about; nothing on other pages, and where the store has none. */
export const StoreZone = createContext<string | null>(null);

/** Whether this browser can tell times in a zone: it may be older than the zone. */
export function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Where times are told, by what is chosen and what the store's zone is. */
export function zoneOf(chosen: ZoneChoice, store: string | null): Zone {
  if (chosen !== 'store') return chosen;
  return store && isKnown(store) ? store : 'local';
}

export function useZone(): Zone {
  return zoneOf(useZoneChoice(), useContext(StoreZone));
}

/** The zone of this browser, such as Asia/Jerusalem. */
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function zoneName(zone: Zone): string {
  return zone === 'local' ? LOCAL_ZONE : zone;
}

/** A format's options for a zone. */
export function inZone(zone: Zone): Intl.DateTimeFormatOptions {
  return zone === 'local' ? {} : { timeZone: zone };
}

const formats = new Map<Zone, Intl.DateTimeFormat>();

/** A time to the second, its zone named. */
export function exactly(at: string | Date, zone: Zone): string {
  let format = formats.get(zone);
  if (!format) {
    const shown = { dateStyle: 'medium', timeStyle: 'long', ...inZone(zone) } as const;
    format = new Intl.DateTimeFormat(undefined, shown);
    formats.set(zone, format);
  }
  const told = format.format(new Date(at));
  // Whoever reads it may be elsewhere: the distance to UTC does not say where it is so late.
  return zone === 'local' || zone === 'UTC' ? told : `${told} (${zone})`;
}
