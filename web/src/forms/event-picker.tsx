import { ActionIcon, Checkbox, Code, Fieldset, Group, Popover, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBraces, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { Dialect } from '../pages/dialects';
import { type EventType, byDialect, isAbout, useEventType, useEventTypes } from '../pages/event-types';
import { Failed, Loading } from '../ui/states';

type Props = {
  dialect: Dialect;
  chosen: string[];
  onChange: (chosen: string[]) => void;
  error?: string;
};

/** Chooses event types of a format, one by one or a group at once. */
export function EventPicker({ dialect, chosen, onChange, error }: Props) {
  const types = useEventTypes();
  const [search, setSearch] = useState('');
  if (types.isPending) return <Loading />;
  if (!types.data) return <Failed error={types.error} retry={() => types.refetch()} />;
  const offered = types.data.data.filter((type) => dialect === 'standard' || type.dialect === dialect);
  const groups = byDialect(offered.filter((type) => isAbout(type, search)));
  const toggle = (names: string[], on: boolean) =>
    onChange([...chosen.filter((one) => !names.includes(one)), ...(on ? names : [])]);
  return (
    <Fieldset legend="Events">
      <Stack>
        <Group justify="space-between" align="end">
          <TextInput
            type="search"
            label="Search events"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            // It is a part of a form that Enter would send.
            onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
          />
          <Text size="sm" role="status">
            {chosen.length} of {offered.length} chosen
          </Text>
        </Group>
        {groups.length === 0 && <Text size="sm">No event type matches.</Text>}
        {groups.map(({ dialect: { name, label }, types: group }) => {
          const names = group.map((type) => type.name);
          const count = names.filter((one) => chosen.includes(one)).length;
          return (
            <Stack key={name} gap="xs">
              <Checkbox
                label={`All of ${label}`}
                fw={600}
                checked={count === names.length}
                indeterminate={count > 0 && count < names.length}
                onChange={(event) => toggle(names, event.currentTarget.checked)}
              />
              {group.map((type) => (
                <Choice
                  key={type.name}
                  type={type}
                  checked={chosen.includes(type.name)}
                  onChange={(on) => toggle([type.name], on)}
                />
              ))}
            </Stack>
          );
        })}
        {error && (
          <Text size="sm" c="red" role="alert">
            {error}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}

function Choice({
  type,
  checked,
  onChange,
}: {
  type: EventType;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <Group pl="lg" gap="xs" wrap="nowrap" align="start" justify="space-between">
      <Checkbox
        label={type.name}
        description={type.description}
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <Example name={type.name} />
    </Group>
  );
}

/** The example, while the pointer or the focus is on its sign. */
function Example({ name }: { name: string }) {
  const [opened, { open, close }] = useDisclosure();
  const found = useEventType(opened ? name : null);
  return (
    <Popover opened={opened} position="left" withArrow width={360} shadow="md">
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Example of ${name}`}
          onMouseEnter={open}
          onMouseLeave={close}
          onFocus={open}
          onBlur={close}
          onClick={open}
        >
          <IconBraces size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={4}>
        <Code block mah={320} style={{ overflow: 'hidden' }}>
          {found.data?.example ?? '…'}
        </Code>
      </Popover.Dropdown>
    </Popover>
  );
}
