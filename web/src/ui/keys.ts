// Which keys mean what. Pages say what theirs do for as long as they are shown; the last one to say so is heard.

import { useEffect, useRef } from 'react';

export type Shortcut = {
  /** One key, or two that follow each other: `r`, `g d`. */
  keys: string;
  does: string;
  run: () => void;
};

/** How long after its first key the second may come. */
const PATIENCE = 1_500;
const SETTING = 'hookyard-shortcuts';
const known = new Map<symbol, Shortcut[]>();

/** All that can be pressed now, in the order of their pages: the frame's first. */
export function shortcuts(): Shortcut[] {
  const all = new Map([...known.values()].flat().map((shortcut) => [shortcut.keys, shortcut]));
  return [...all.values()];
}

export function useShortcuts(list: Shortcut[]): void {
  const id = useRef(Symbol('shortcuts'));
  // The functions are new with every drawing, and the newest ones are wanted.
  useEffect(() => {
    known.set(id.current, list);
  });
  useEffect(() => {
    const key = id.current;
    return () => {
      known.delete(key);
    };
  }, []);
}

/** Whether keys are heard: who speaks to the computer, or types by accident, turns them off. */
export function areOn(): boolean {
  try {
    return localStorage.getItem(SETTING) !== 'off';
  } catch {
    return true;
  }
}

export function turn(on: boolean): void {
  try {
    if (on) localStorage.removeItem(SETTING);
    else localStorage.setItem(SETTING, 'off');
  } catch {
    // It cannot be remembered, and stays as it is.
  }
}

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'timeStamp'>;

/** Finds what presses mean, remembering the first key of two. */
export class Presses {
  private first: { key: string; at: number } | undefined;

  meaning(press: Press, list: Shortcut[]): Shortcut | undefined {
    const key = letter(press);
    const first = this.first;
    this.first = undefined;
    if (first && press.timeStamp - first.at < PATIENCE) {
      const both = list.find(({ keys }) => keys === `${first.key} ${key}`);
      if (both) return both;
    }
    const single = list.find(({ keys }) => keys === key);
    if (!single && list.some(({ keys }) => keys.startsWith(`${key} `))) {
      this.first = { key, at: press.timeStamp };
    }
    return single;
  }
}

/** The letter on the key cap of a Latin keyboard, where the layout in use writes another script. */
function letter({ key, code }: Press): string {
  const latin = /^Key([A-Z])$/.exec(code)?.[1];
  return latin && key.length === 1 && key > '~' ? latin.toLowerCase() : key;
}

const NO_TEXT = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'range', 'file']);

/** Whether what is pressed goes into a field, or chooses in a list. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !NO_TEXT.has(target.type);
  return (
    target.isContentEditable ||
    /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    target.closest('[role="menu"], [role="listbox"]') !== null
  );
}
