import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useRef } from 'react';

/** What is typed within this time is one question to the server, in milliseconds: nobody types slower on purpose. */
export const TYPING = 250;

/** A field to search by. What the page itself searches counts at once; where the server is asked, `wait` says how long typing must rest. */
export function SearchBox({
  label,
  placeholder,
  value,
  wait = 0,
  maxLength,
  onSearch,
}: {
  label: string;
  placeholder?: string;
  value: string;
  wait?: number;
  maxLength?: number;
  onSearch: (text: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const later = useDebouncedCallback(onSearch, wait);
  const search = wait > 0 ? later : onSearch;
  // The address follows what is typed, a little later. It leads only while nobody types: when filters are cleared.
  useEffect(() => {
    const input = field.current;
    if (input && input !== document.activeElement && input.value.trim() !== value) input.value = value;
  }, [value]);
  return (
    <TextInput
      ref={field}
      type="search"
      aria-label={label}
      placeholder={placeholder ?? label}
      leftSection={<IconSearch size={16} aria-hidden />}
      defaultValue={value}
      maxLength={maxLength}
      onChange={(event) => search(event.currentTarget.value.trim())}
      // Whoever goes on to the next thing has typed all of it.
      onBlur={() => later.flush()}
      onKeyDown={(event: KeyboardEvent) => event.key === 'Enter' && later.flush()}
      w={{ base: '100%', xs: 320 }}
    />
  );
}
