import { Select, type SelectProps } from '@mantine/core';
import { useState } from 'react';
import { useMerchant } from './me';
import { useFoundMerchants } from './merchant-names';

type Props = Pick<SelectProps, 'label' | 'placeholder' | 'required' | 'clearable' | 'w'> & {
  value: string | null;
  onChange: (merchantId: string | null) => void;
};

/** One of all merchants, however many: the server looks for what is typed. */
export function MerchantPick({ value, onChange, ...rest }: Props) {
  const [typed, setTyped] = useState('');
  const chosen = useMerchant(value ?? undefined).data;
  // The name of what is chosen stands in the field: it is not what somebody looks for.
  const { merchants, isBehind } = useFoundMerchants(typed === chosen?.name ? '' : typed);
  // What is not looked for any more is left out until the server has looked.
  const fits = (name: string) => name.toLowerCase().includes(typed.trim().toLowerCase());
  const found = isBehind ? merchants.filter(({ name }) => fits(name)) : merchants;
  const offered = chosen && found.every(({ id }) => id !== chosen.id) ? [chosen, ...found] : found;
  return (
    <Select
      {...rest}
      data={offered.map(({ id, name }) => ({ value: id, label: name }))}
      value={value}
      onChange={onChange}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      // They are found already, by more than their names.
      filter={({ options }) => options}
      nothingFoundMessage={isBehind ? 'Looking…' : 'No merchant matches'}
    />
  );
}
