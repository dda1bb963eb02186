import { AppShell, Burger, Button, Center, Group, Loader, NavLink, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBook,
  IconBuildingStore,
  IconHistory,
  IconListDetails,
  IconRefresh,
  IconShoppingCart,
  IconUsers,
  IconWalk,
  IconWebhook,
} from '@tabler/icons-react';
import { Link, Navigate, Outlet, ScrollRestoration, useLocation, useNavigate, useParams } from 'react-router';
import { Failure } from '../api/errors';
import { signOut } from '../api/session';
import { paths } from '../path-builder';
import { Keyboard } from '../ui/keyboard';
import { Failed } from '../ui/states';
import { useGoKeys } from './go-keys';
import { useMe, useMerchant } from './me';

/** What surrounds every page of somebody who is logged in. */
export function Shell() {
  const me = useMe();
  const { merchantId } = useParams();
  const merchant = useMerchant(me.isSuccess ? merchantId : undefined);
  const location = useLocation();
  const navigate = useNavigate();
  const [open, { toggle, close }] = useDisclosure();
  useGoKeys(merchantId);

  if (me.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (me.isError) {
    const gone = me.error instanceof Failure && me.error.status === 401;
    return gone ? (
      <Navigate to={paths.signIn(location.pathname + location.search)} replace />
    ) : (
      <Center mih="100vh" p="md">
        <Failed error={me.error} retry={() => me.refetch()} />
      </Center>
    );
  }

  const isPortal = me.data.id === me.data.login_id;
  const isOwner =
    me.data.platform_role !== null ||
    me.data.memberships.some((held) => held.merchant_id === merchantId && held.role === 'owner');
  const links = merchantId
    ? [
        { to: paths.deliveries(merchantId), label: 'Deliveries', icon: IconListDetails },
        { to: paths.endpoints(merchantId), label: 'Endpoints', icon: IconWebhook },
        { to: paths.retryJobs(merchantId), label: 'Bulk retries', icon: IconRefresh },
        { to: paths.sessions(merchantId), label: 'Sessions', icon: IconWalk },
        { to: paths.checkouts(merchantId), label: 'Checkouts', icon: IconShoppingCart },
        { to: paths.catalogue(merchantId), label: 'Event types', icon: IconBook },
        ...(me.data.login_id && !isPortal
          ? [{ to: paths.people(merchantId), label: 'People', icon: IconUsers }]
          : []),
        ...(isOwner
          ? [{ to: paths.auditLog(merchantId), label: 'Audit log', icon: IconHistory }]
          : []),
      ]
    : [];
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding="md"
    >
      <Keyboard />
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={open}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Navigation"
            />
            <Text fw={700}>Hookyard</Text>
            {merchant.data && (
              <Text c="dimmed" truncate>
                <bdi>{merchant.data.name}</bdi>
              </Text>
            )}
          </Group>
          <Group gap="sm" wrap="nowrap">
            <Text size="sm" visibleFrom="sm">
              <bdi>{me.data.name}</bdi>
            </Text>
            <Button
              size="xs"
              variant="default"
              onClick={() => signOut().then(() => navigate(paths.signIn()))}
            >
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages" component="nav">
        {links.map(({ to, label, icon: Icon }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            leftSection={<Icon size={18} aria-hidden />}
            active={location.pathname.startsWith(to)}
            aria-current={location.pathname.startsWith(to) ? 'page' : undefined}
            onClick={close}
          />
        ))}
        <NavLink
          component={Link}
          to={paths.merchants()}
          label="Merchants"
          leftSection={<IconBuildingStore size={18} aria-hidden />}
          active={location.pathname === paths.merchants()}
          onClick={close}
        />
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
      {/* After the pages: a list that is drawn by what is in view says first where it begins. */}
      <ScrollRestoration />
    </AppShell>
  );
}
