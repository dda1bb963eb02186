import { Button, Menu, type MantineColorScheme, Text, useMantineColorScheme } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown, IconLogout, IconUser } from '@tabler/icons-react';
import { Link, useNavigate } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { words } from '../api/errors';
import { signOut } from '../api/session';
import { paths } from '../path-builder';
import { isGuest } from './nav-links';
import { ZoneMenu } from './zone-menu';

const SCHEMES: [MantineColorScheme, string][] = [
  ['auto', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

/** Who is here, how they like to see things, and the way out. */
export function AccountMenu({ me }: { me: components['schemas']['Me'] }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  return (
    <Menu width={260} position="bottom-end">
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconUser size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`Account of ${me.name}`}
          maw={{ base: 140, sm: 300 }}
        >
          <Text size="sm" truncate>
            <bdi>{me.name}</bdi>
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {!isGuest(me) && (
          <>
            <Menu.Item component={Link} to={paths.account()}>
              Your account
            </Menu.Item>
            <Menu.Divider />
          </>
        )}
        <Menu.Label>Colours</Menu.Label>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
        >
          {SCHEMES.map(([value, label]) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick={false}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <ZoneMenu />
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} aria-hidden />}
          onClick={() =>
            signOut()
              .catch((error: unknown) => notifications.show({ color: 'red', message: words(error) }))
              .finally(() => navigate(paths.signIn()))
          }
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
