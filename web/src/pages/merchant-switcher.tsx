import { Button, Combobox, Loader, ScrollArea, Text, useCombobox } from '@mantine/core';
import { IconSelector } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { paths } from '../path-builder';

/** How many names are offered at once. */
const SHOWN = 50;

/** Goes to another merchant: by its name, its store's, or its id. */
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
  const merchants = useQuery({
    queryKey: ['merchant-names'],
    enabled: box.dropdownOpened,
    queryFn: () => data(api.GET('/v1/merchants', { params: { query: { limit: 250 } } })),
  });
  const wanted = typed.trim().toLowerCase();
  const found =
    merchants.data?.data
      .filter((merchant) =>
        [merchant.name, merchant.store.name, merchant.id].some((text) =>
          text.toLowerCase().includes(wanted),
        ),
      )
      .slice(0, SHOWN) ?? [];
  const isUnlisted = /^mer_[0-9a-z]{26}$/.test(wanted) && found.length === 0;
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
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            box.selectFirstOption();
          }}
          placeholder="Name or id"
          aria-label="Find a merchant"
        />
        <Combobox.Options aria-label="Merchants">
          <ScrollArea.Autosize mah={320} type="scroll">
            {merchants.isPending && <Loader size="sm" m="xs" aria-label="Loading" />}
            {merchants.isError && !merchants.data && <Combobox.Empty>{words(merchants.error)}</Combobox.Empty>}
            {found.map((merchant) => (
              <Combobox.Option key={merchant.id} value={merchant.id}>
                <bdi>{merchant.name}</bdi>
                {merchant.suspended && ' (suspended)'}
              </Combobox.Option>
            ))}
            {isUnlisted && <Combobox.Option value={wanted}>Go to {wanted}</Combobox.Option>}
            {merchants.data && found.length === 0 && !isUnlisted && (
              <Combobox.Empty>No merchant matches</Combobox.Empty>
            )}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
