import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';

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
  return (
    <TextInput
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
