import { Button, Combobox, Loader, ScrollArea, Text, useCombobox } from '@mantine/core';
import { IconSelector } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { words } from '../api/errors';
import { isId } from '../api/found';
import { paths } from '../path-builder';
import { useFoundMerchants } from './merchant-names';

/** Goes to another merchant: by its name, its store's or its domain, or by its id. */
export function MerchantSwitcher({ current }: { current?: string }) {
  const [typed, setTyped] = useState('');
  const navigate = useNavigate();
  const box = useCombobox({
    onDropdownClose: () => {
      box.resetSelectedOption();
      setTyped('');
    },
    onDropdownOpen: () => box.focusSearchInput(),
  });
  const found = useFoundMerchants(typed, box.dropdownOpened);
  const { merchants, isBehind } = found;
  // Enter goes to the first that matches, once it is known which that is.
  useEffect(() => {
    if (typed && !isBehind) box.selectFirstOption();
  }, [typed, isBehind]);
  const wanted = typed.trim().toLowerCase();
  const isUnlisted = isId('mer', wanted) && merchants.length === 0 && !isBehind;
  return (
    <Combobox
      store={box}
      onOptionSubmit={(id) => {
        box.closeDropdown();
        navigate(paths.deliveries(id));
      }}
      width={280}
      position="bottom-start"
      withinPortal
    >
      <Combobox.Target targetType="button" withAriaAttributes={false}>
        <Button
          variant="default"
          fullWidth
          justify="space-between"
          rightSection={<IconSelector size={16} aria-hidden />}
          onClick={() => box.toggleDropdown()}
          aria-haspopup="listbox"
          aria-expanded={box.dropdownOpened}
          styles={{ label: { minWidth: 0 } }}
        >
          <Text size="sm" fw={500} truncate>
            {current ? <bdi>{current}</bdi> : 'Go to merchant'}
          </Text>
        </Button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          placeholder="Name, domain or id"
          aria-label="Find a merchant"
        />
        <Combobox.Options aria-label="Merchants">
          <ScrollArea.Autosize mah={320} type="scroll">
            {found.isPending && <Loader size="sm" m="xs" aria-label="Loading" />}
            {found.isError && !found.data && <Combobox.Empty>{words(found.error)}</Combobox.Empty>}
            {merchants.map((merchant) => (
              <Combobox.Option key={merchant.id} value={merchant.id} disabled={isBehind}>
                <bdi>{merchant.name}</bdi>
                {merchant.suspended && ' (suspended)'}
              </Combobox.Option>
            ))}
            {isUnlisted && <Combobox.Option value={wanted}>Go to {wanted}</Combobox.Option>}
            {found.data && merchants.length === 0 && !isUnlisted && (
              <Combobox.Empty>{isBehind ? 'Looking…' : 'No merchant matches'}</Combobox.Empty>
            )}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
