import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';

/** A field to search by: what is typed counts at once, so it is for what is searched in the page. */
export function SearchBox({
  label,
  placeholder,
  value,
  onSearch,
}: {
  label: string;
  placeholder?: string;
  value: string;
  onSearch: (text: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
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
      onChange={(event) => onSearch(event.currentTarget.value.trim())}
      w={{ base: '100%', xs: 320 }}
    />
  );
}
