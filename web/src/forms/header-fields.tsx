import { ActionIcon, Button, Fieldset, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { faultAt } from './faults';
import type { HeaderDraft } from './endpoint-draft';

/** How the API spells a value that it does not show. */
const KEPT = '****';

/** Headers of one's own, sent with every request. */
export function HeaderFields({
  headers,
  onChange,
  error,
}: {
  headers: HeaderDraft[];
  onChange: (headers: HeaderDraft[]) => void;
  error: unknown;
}) {
  const set = (index: number, change: Partial<HeaderDraft>) =>
    onChange(headers.map((one, at) => (at === index ? { ...one, ...change } : one)));
  const fault = ({ name }: HeaderDraft) =>
    name.trim() && faultAt(error, `/headers/${name.trim().replace(/~/g, '~0').replace(/\//g, '~1')}`);
  const whole = headers.some(fault) ? undefined : faultAt(error, '/headers');
  return (
    <Fieldset legend="Headers of your own">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          Sent with every request. Headers that carry the format or the connection cannot be set.
        </Text>
        {headers.map((header, index) => (
          // A row has no name until somebody types one.
          <Group key={index} align="start" gap="xs" wrap="nowrap" w="100%">
            <TextInput
              aria-label={`Name of header ${index + 1}`}
              placeholder="X-Team"
              value={header.name}
              error={fault(header)}
              onChange={(event) => set(index, { name: event.currentTarget.value })}
              flex={1}
            />
            <TextInput
              aria-label={`Value of header ${index + 1}`}
              placeholder="value"
              value={header.value}
              description={header.value === KEPT ? 'Not shown; it stays as it is.' : undefined}
              inputWrapperOrder={['label', 'error', 'input', 'description']}
              onChange={(event) => set(index, { value: event.currentTarget.value })}
              flex={2}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={`Remove header ${index + 1}`}
              onClick={() => onChange(headers.filter((_, at) => at !== index))}
            >
              <IconX size={16} />
            </ActionIcon>
          </Group>
        ))}
        {whole && (
          <Text size="sm" c="red" role="alert">
            {whole}
          </Text>
        )}
        <Button
          size="xs"
          variant="default"
          onClick={() => onChange([...headers, { name: '', value: '' }])}
        >
          Add header
        </Button>
      </Stack>
    </Fieldset>
  );
}
