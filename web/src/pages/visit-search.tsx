import { Button, Group, Select, TextInput } from '@mantine/core';
import { type FormEvent } from 'react';
import { useFilter } from './filter';

/** What a visit may be found by. */
const FINDS = ['email', 'phone', 'session_id', 'checkout_id'] as const;
const LABELS = {
  email: 'Email',
  phone: 'Phone',
  session_id: 'Session id',
  checkout_id: 'Checkout id',
};

/** The form that finds visits, and what it asks for. */
export function useVisitSearch<State extends string>(states: Record<State, string>) {
  const filter = useFilter('state', ...FINDS);
  const state = filter.values.state as State | '';
  const query = {
    state: state ? [state] : undefined,
    ...Object.fromEntries(FINDS.map((key) => [key, filter.values[key] || undefined])),
  };
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    filter.set(Object.fromEntries(FINDS.map((key) => [key, String(form.get(key)).trim()])));
  }
  const fields = (
    <form onSubmit={submit} role="search" aria-label="Find a visit">
      <Group align="end" gap="sm">
        <Select
          label="State"
          placeholder="any"
          data={Object.entries(states).map(([value, label]) => ({ value, label: String(label) }))}
          value={state || null}
          onChange={(state) => filter.set({ state })}
          clearable
          w={130}
        />
        {FINDS.map((key) => (
          <TextInput
            key={`${key} ${filter.values[key]}`}
            name={key}
            label={LABELS[key]}
            placeholder={key === 'phone' ? 'with its dial code' : undefined}
            defaultValue={filter.values[key]}
            w={165}
          />
        ))}
        <Button type="submit" variant="default">
          Search
        </Button>
        {filter.isOn && (
          <Button variant="subtle" onClick={filter.clear}>
            Clear filters
          </Button>
        )}
      </Group>
    </form>
  );
  return { query, fields, isOn: filter.isOn };
}
