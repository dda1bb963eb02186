import { useSearchParams } from 'react-router';

/** A page's filter: it stands in the address, so that it can be shared and the way back leads to it. */
export function useFilter<Key extends string>(...keys: Key[]) {
  const [search, setSearch] = useSearchParams();
  const values = Object.fromEntries(keys.map((key) => [key, search.get(key) ?? ''])) as Record<
    Key,
    string
  >;
  const set = (changes: Partial<Record<Key, string | null>>) =>
    setSearch(
      () => {
        // As the address is now: who types or chooses fast calls this before the page is drawn anew.
        const known = new URLSearchParams(window.location.search);
        for (const [key, value] of Object.entries<string | null | undefined>(changes)) {
          if (value) known.set(key, value);
          else known.delete(key);
        }
        return known;
      },
      { replace: true },
    );
  const clear = () =>
    set(Object.fromEntries(keys.map((key) => [key, null])) as Partial<Record<Key, null>>);
  return { values, set, clear, isOn: keys.some((key) => values[key] !== '') };
}
