import { Menu, Text } from '@mantine/core';
import { useContext } from 'react';
import { LOCAL_ZONE, StoreZone, type ZoneChoice, chooseZone, isKnown, useZoneChoice } from '../ui/zone';

/** In which zone times are told: here, UTC, or the store's on the pages of its merchant. */
export function ZoneMenu() {
  const choice = useZoneChoice();
  const store = useContext(StoreZone);
  const isUsable = store !== null && isKnown(store);
  return (
    <>
      <Menu.Label>Times</Menu.Label>
      <Menu.RadioGroup value={choice} onChange={(value) => chooseZone(value as ZoneChoice)}>
        <Menu.RadioItem value="local" closeMenuOnClick={false}>
          Here: {LOCAL_ZONE}
        </Menu.RadioItem>
        <Menu.RadioItem value="UTC" closeMenuOnClick={false}>
          UTC
        </Menu.RadioItem>
        {(store !== null || choice === 'store') && (
          <Menu.RadioItem value="store" closeMenuOnClick={false}>
            Store time{isUsable && `: ${store}`}
            {!isUsable && (
              <Text size="xs">
                {store === null
                  ? 'There is no zone of a store here: times are those of this browser.'
                  : `This browser does not know ${store}: times are its own.`}
              </Text>
            )}
          </Menu.RadioItem>
        )}
      </Menu.RadioGroup>
    </>
  );
}
