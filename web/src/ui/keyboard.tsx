import { Kbd, Modal, Stack, Switch, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Fragment, useEffect, useRef, useState } from 'react';
import { Presses, areOn, isTyping, shortcuts, turn, useShortcuts } from './keys';

/** Hears the keys of all pages, and lists them on `?`. It stands once, around all of them. */
export function Keyboard() {
  const [shown, { open, close }] = useDisclosure();
  const presses = useRef(new Presses());
  useShortcuts([
    { keys: '?', does: 'This list', run: open },
    { keys: '/', does: 'Search on this page', run: search },
  ]);
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) return;
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      if (!areOn() && event.key !== '?') return;
      const shortcut = presses.current.meaning(event, shortcuts());
      if (!shortcut) return;
      event.preventDefault();
      shortcut.run();
    }
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return (
    <Modal opened={shown} onClose={close} title="Keyboard">
      <Help />
    </Modal>
  );
}

function search() {
  document.querySelector<HTMLElement>('main [type="search"], main [role="search"] input')?.focus();
}

function Help() {
  const [on, setOn] = useState(areOn);
  return (
    <Stack>
      <Table aria-label="Keys">
        <Table.Tbody>
          {[...shortcuts(), { keys: 'Enter', does: 'Open the row' }, { keys: 'Esc', does: 'Close' }].map(
            ({ keys, does }) => (
              <Table.Tr key={keys}>
                <Table.Td w={90}>
                  {keys.split(' ').map((key, place) => (
                    <Fragment key={key}>
                      {place > 0 && ' '}
                      <Kbd>{key}</Kbd>
                    </Fragment>
                  ))}
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{does}</Text>
                </Table.Td>
              </Table.Tr>
            ),
          )}
        </Table.Tbody>
      </Table>
      <Switch
        label="Keys do this, as long as nothing is typed"
        checked={on}
        onChange={(event) => {
          turn(event.currentTarget.checked);
          setOn(event.currentTarget.checked);
        }}
      />
    </Stack>
  );
}
