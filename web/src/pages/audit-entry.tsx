import { Code, Drawer, Group, Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { components } from '../api/__generated__/schema';
import { changes, shown } from '../ui/change';
import { Copy } from '../ui/copy';
import { Time } from '../ui/time';
import { exactly, useZone } from '../ui/zone';

type Entry = components['schemas']['AuditEntry'];

/** An operation in words: `removeMember` is "remove member". */
export function deed(action: string): string {
  return action
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/\bapi\b/, 'API');
}

/** All about an entry of the audit log. */
export function AuditEntryDrawer({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const zone = useZone();
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={deed(entry.action)}>
      <Stack>
        <Table withRowBorders={false} layout="auto" verticalSpacing={4}>
          <Table.Tbody>
            <Row name="When">
              {exactly(entry.at, zone)} (<Time at={entry.at} />)
            </Row>
            <Row name="Who">
              <bdi>{entry.actor_name}</bdi>
            </Row>
            <Row name="">
              <Id text={entry.actor_id} what="person or key id" />
            </Row>
            <Row name="To">
              <Id text={entry.target} what="target" />
            </Row>
            {entry.merchant_id && (
              <Row name="Merchant">
                <Id text={entry.merchant_id} what="merchant id" />
              </Row>
            )}
            {entry.app_id && (
              <Row name="App">
                <Id text={entry.app_id} what="app id" />
              </Row>
            )}
            <Row name="From">{entry.ip ?? 'not known'}</Row>
            <Row name="Request">
              {entry.request_id ? <Id text={entry.request_id} what="request id" /> : 'none'}
            </Row>
            <Row name="Entry">
              <Id text={entry.id} what="entry id" />
            </Row>
          </Table.Tbody>
        </Table>
        <Difference entry={entry} />
      </Stack>
    </Drawer>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Td w={90} c="dimmed">
        {name}
      </Table.Td>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}

function Id({ text, what }: { text: string; what: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Code>{text}</Code>
      <Copy text={text} what={what} />
    </Group>
  );
}

function Difference({ entry }: { entry: Entry }) {
  const found = changes(entry.before, entry.after);
  if (found.length === 0) return <Text size="sm">Nothing was changed by it.</Text>;
  return (
    <Table layout="fixed" aria-label="Changes">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="28%">Field</Table.Th>
          {entry.before && <Table.Th>Before</Table.Th>}
          {entry.after && <Table.Th>After</Table.Th>}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {found.map(({ field, before, after }) => (
          <Table.Tr key={field}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{field}</Table.Td>
            {entry.before && <Value sign="−" value={before} />}
            {entry.after && <Value sign="+" value={after} />}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Value({ sign, value }: { sign: string; value: unknown }) {
  const text = shown(value);
  return (
    <Table.Td style={{ overflowWrap: 'anywhere', verticalAlign: 'top' }}>
      {text === '' ? (
        <Text size="sm" c="dimmed">
          empty
        </Text>
      ) : (
        <Text size="sm" component="span">
          {sign} <bdi>{text}</bdi>
        </Text>
      )}
    </Table.Td>
  );
}
