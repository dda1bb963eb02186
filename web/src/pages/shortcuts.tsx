import { Kbd, Modal, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import type { NavPage } from './nav-links';

/** After `g`, this letter goes to the page of this name. */
const LETTERS: Record<string, string> = {
  o: 'Overview',
  m: 'Merchants',
  d: 'Deliveries',
  e: 'Endpoints',
  r: 'Retry jobs',
  s: 'Sessions',
  c: 'Checkouts',
  t: 'Event types',
  k: 'API keys',
  p: 'People',
  a: 'Audit log',
};
/** How long after `g` its letter may come. */
const PATIENCE = 1_500;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Ways by keyboard, and `?` that lists them. */
export function Shortcuts({ pages }: { pages: NavPage[] }) {
  const [shown, { open, close }] = useDisclosure();
  const navigate = useNavigate();
  const begun = useRef(0);
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      const after = event.timeStamp - begun.current < PATIENCE;
      begun.current = event.key === 'g' ? event.timeStamp : 0;
      const page = after && pages.find(({ label }) => label === LETTERS[event.key]);
      if (page) {
        event.preventDefault();
        navigate(page.to);
      } else if (event.key === '?') {
        open();
      } else if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('main [type="search"], main [role="search"] input');
        if (search) event.preventDefault();
        search?.focus();
      }
    }
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [navigate, open, pages]);
  return (
    <Modal opened={shown} onClose={close} title="Keyboard">
      <Table>
        <Table.Tbody>
          <Row keys={['?']} does="This list" />
          <Row keys={['/']} does="Search on this page" />
          {Object.entries(LETTERS)
            .filter(([, label]) => pages.some((page) => page.label === label))
            .map(([letter, label]) => (
              <Row key={letter} keys={['g', letter]} does={label} />
            ))}
          <Row keys={['Esc']} does="Close" />
        </Table.Tbody>
      </Table>
    </Modal>
  );
}

function Row({ keys, does }: { keys: string[]; does: string }) {
  return (
    <Table.Tr>
      <Table.Td w={90}>
        {keys.map((key) => (
          <Kbd key={key} me={4}>
            {key}
          </Kbd>
        ))}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{does}</Text>
      </Table.Td>
    </Table.Tr>
  );
}
