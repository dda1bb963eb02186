import { Code, Table, Text } from '@mantine/core';

/** Headers, as text. */
export function Headers({ of, label }: { of: [name: string, value: string][]; label: string }) {
  if (of.length === 0) return null;
  return (
    <Table withRowBorders={false} verticalSpacing={1} horizontalSpacing={0} aria-label={label} layout="fixed">
      <Table.Tbody>
        {of.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w="38%" fw={400} style={{ verticalAlign: 'top', paddingInlineEnd: 8 }}>
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {name}
              </Text>
            </Table.Th>
            <Table.Td>
              <Code>
                <bdi>{value}</bdi>
              </Code>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
