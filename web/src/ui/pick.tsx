import { Button, Checkbox, Group, Popover, ScrollArea, Stack, TextInput } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';

/** Longer lists get a field to search them. */
const SEARCHED = 8;

/** A button of a filter, and what is chosen under it. */
export function Pick({ label, count, children }: { label: string; count: number; children: ReactNode }) {
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant={count > 0 ? 'light' : 'default'}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {label}
          {count > 0 && ` (${count})`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown maw="calc(100vw - 32px)" aria-label={label}>
        {children}
      </Popover.Dropdown>
    </Popover>
  );
}

type Choice = { value: string; label: string };

/** Several of a list. */
export function PickMany({
  label,
  choices,
  values,
  onChange,
}: {
  label: string;
  choices: Choice[];
  values: string[];
  onChange: (values: string[]) => void;
}) {
  return (
    <Pick label={label} count={values.length}>
      <Choices label={label} choices={choices} values={values} onChange={onChange} />
    </Pick>
  );
}

/** One of few, or none. */
export function PickOne({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: Choice[];
  value: string | undefined;
  onChange: (values: string[]) => void;
}) {
  return (
    <Pick label={label} count={value === undefined ? 0 : 1}>
      <Group gap="xs">
        {choices.map((choice) => (
          <Button
            key={choice.value}
            size="xs"
            variant={value === choice.value ? 'filled' : 'default'}
            aria-pressed={value === choice.value}
            onClick={() => onChange(value === choice.value ? [] : [choice.value])}
          >
            {choice.label}
          </Button>
        ))}
      </Group>
    </Pick>
  );
}

export function Choices({ label, choices, values, onChange }: Parameters<typeof PickMany>[0]) {
  const [search, setSearch] = useState('');
  // The address takes a moment to change; a box shows at once that it was ticked.
  const [ticked, setTicked] = useState(values);
  const known = values.join('\n');
  useEffect(() => setTicked(known ? known.split('\n') : []), [known]);
  function tick(next: string[]) {
    setTicked(next);
    onChange(next);
  }
  const shown = choices.filter((choice) => choice.label.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <Stack gap="xs">
      {choices.length > SEARCHED && (
        <TextInput
          size="xs"
          aria-label={`Search ${label.toLowerCase()}`}
          placeholder="Search"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          data-autofocus
        />
      )}
      <ScrollArea.Autosize mah={280} type="auto" offsetScrollbars>
        <Checkbox.Group value={ticked} onChange={tick} aria-label={label}>
          <Stack gap={8} p={2}>
            {shown.map((choice) => (
              <Checkbox
                key={choice.value}
                size="sm"
                value={choice.value}
                label={<bdi style={{ overflowWrap: 'anywhere' }}>{choice.label}</bdi>}
                maw={420}
              />
            ))}
            {shown.length === 0 && 'Nothing of this name'}
          </Stack>
        </Checkbox.Group>
      </ScrollArea.Autosize>
    </Stack>
  );
}
