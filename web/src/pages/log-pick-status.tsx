import { Button, Group, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Choices, Pick } from '../ui/pick';

/** HTTP statuses: whole classes, or single ones. */
export function PickStatus({
  values,
  classes,
  onChange,
}: {
  values: string[];
  classes: string[];
  onChange: (values: string[]) => void;
}) {
  const [typed, setTyped] = useState('');
  const choices = [...new Set([...classes, ...values])].map((value) => ({ value, label: value }));
  function add(event: FormEvent) {
    event.preventDefault();
    const status = typed.trim();
    if (/^[1-9]\d{2}$/.test(status)) onChange([...new Set([...values, status])]);
    setTyped('');
  }
  return (
    <Pick label="HTTP status" count={values.length}>
      <Stack gap="xs">
        <Choices label="HTTP status" choices={choices} values={values} onChange={onChange} />
        <form onSubmit={add}>
          <Group gap="xs" wrap="nowrap">
            <TextInput
              size="xs"
              aria-label="Another status"
              placeholder="such as 429"
              inputMode="numeric"
              maxLength={3}
              w={120}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Button size="xs" variant="default" type="submit">
              Add
            </Button>
          </Group>
        </form>
      </Stack>
    </Pick>
  );
}
