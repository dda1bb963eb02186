import { AppShell, Box, Burger, Center, Group, Loader, NavLink, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBuildingStore } from '@tabler/icons-react';
import { Suspense, useRef } from 'react';
import { Link, Navigate, Outlet, ScrollRestoration, useLocation, useParams } from 'react-router';
import type { components } from '../api/__generated__/schema';
import { Failure } from '../api/errors';
import { paths } from '../path-builder';
import { Keyboard } from '../ui/keyboard';
import { Failed, Loading } from '../ui/states';
import { StoreZone } from '../ui/zone';
import { AccountMenu } from './account-menu';
import { useMe, useMerchant } from './me';
import { MerchantSwitcher } from './merchant-switcher';
import { type NavPage, home, merchantPages, platformPages } from './nav-links';
import { useFocusOnChange, useTitle } from './page-change';
import { PauseBanner } from './pause-banner';
import { usePageKeys } from './page-keys';

type Me = components['schemas']['Me'];

/** What surrounds every page of somebody who is logged in. */
export function Shell() {
  const me = useMe();
  const location = useLocation();
  if (me.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (me.error instanceof Failure && me.error.status === 401) {
    return <Navigate to={paths.signIn(location.pathname + location.search)} replace />;
  }
  if (!me.data) {
    return (
      <Center mih="100vh" p="md">
        <Failed error={me.error} retry={() => me.refetch()} />
      </Center>
    );
  }
  return <Frame me={me.data} />;
}

/** Where somebody begins. */
export function Home() {
  const me = useMe();
  return me.data ? <Navigate to={home(me.data)} replace /> : null;
}

function Frame({ me }: { me: Me }) {
  const { merchantId } = useParams();
  const merchant = useMerchant(merchantId);
  const main = useRef<HTMLElement>(null);
  const [open, { toggle, close }] = useDisclosure();
  useTitle(main, merchant.data?.name);
  useFocusOnChange(main);
  const isPlatform = me.platform_role !== null;
  const pages = merchantId ? merchantPages(me, merchantId) : platformPages(me);
  usePageKeys(pages);
  const mayLeave = isPlatform || me.memberships.length > 1 || me.app_ids.length > 0;
  return (
    <StoreZone value={merchant.data?.store.time_zone ?? null}>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !open } }}
        padding="md"
      >
        <Keyboard />
        <AppShell.Header>
          <a className="skip" href="#main" onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}>
            Skip to the page
          </a>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap" miw={0}>
              <Burger
                opened={open}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label="Navigation"
              />
              <Text fw={700} component={Link} to={home(me)} c="inherit" td="none">
                Hookyard
              </Text>
              {merchant.data && (
                <Text c="dimmed" truncate>
                  <bdi>{merchant.data.name}</bdi>
                </Text>
              )}
            </Group>
            <AccountMenu me={me} />
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label="Pages" component="nav">
          {(isPlatform || me.memberships.length > 1) && (
            <Box mb="xs">
              <MerchantSwitcher current={merchantId && (merchant.data?.name ?? merchantId)} />
            </Box>
          )}
          <Pages pages={pages} onGo={close} />
          {merchantId && mayLeave && (
            <NavLink
              component={Link}
              to={isPlatform || me.memberships.length > 1 ? paths.merchants() : paths.apps()}
              label={isPlatform ? 'All merchants' : 'Your merchants and apps'}
              leftSection={<IconBuildingStore size={18} aria-hidden />}
              onClick={close}
              mt="md"
            />
          )}
        </AppShell.Navbar>
        <AppShell.Main id="main" ref={main} tabIndex={-1} style={{ outline: 'none' }}>
          {isPlatform && <PauseBanner mayResume={me.platform_role !== 'viewer'} />}
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </AppShell.Main>
        {/* After the pages: a list that is drawn by what is in view says first where it begins. */}
        <ScrollRestoration />
      </AppShell>
    </StoreZone>
  );
}

function Pages({ pages, onGo }: { pages: NavPage[]; onGo: () => void }) {
  const { pathname } = useLocation();
  // The longest address that the page's own begins with.
  const here = pages
    .filter(({ to }) => pathname === to || pathname.startsWith(`${to}/`))
    .toSorted((one, other) => other.to.length - one.to.length)[0];
  return pages.map(({ to, label, icon: Icon }) => (
    <NavLink
      key={to}
      component={Link}
      to={to}
      label={label}
      leftSection={<Icon size={18} aria-hidden />}
      active={here?.to === to}
      aria-current={here?.to === to ? 'page' : undefined}
      onClick={onGo}
    />
  ));
}
