// Which pages somebody is shown, by what they may do.

import {
  IconActivity,
  IconApps,
  IconBook,
  IconBuildingStore,
  IconDashboard,
  IconHistory,
  IconKey,
  IconListDetails,
  IconPlayerPlay,
  IconRefresh,
  IconServer,
  IconSettings,
  IconShoppingCart,
  IconUser,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import type { components } from '../api/__generated__/schema';
import { paths } from '../path-builder';

type Me = components['schemas']['Me'];
export type NavPage = { to: string; label: string; icon: typeof IconUser };

/** Whether they came through a portal link: they have no account. */
export function isGuest(me: Me): boolean {
  return me.id === me.login_id;
}

/** Their role in a merchant; the platform's roles count as its own. */
export function roleIn(me: Me, merchant: string) {
  return me.memberships.find((held) => held.merchant_id === merchant)?.role;
}

export function merchantPages(me: Me, merchant: string): NavPage[] {
  const role = roleIn(me, merchant);
  const isPlatform = me.platform_role !== null;
  const seesKeys = isPlatform || (!isGuest(me) && (role === 'owner' || role === 'developer'));
  const seesPeople = me.login_id !== null && !isGuest(me);
  const changes =
    role === 'owner' || me.platform_role === 'admin' || me.platform_role === 'operator';
  const seesAudit = isPlatform || role === 'owner';
  return [
    { to: paths.deliveries(merchant), label: 'Deliveries', icon: IconListDetails },
    { to: paths.endpoints(merchant), label: 'Endpoints', icon: IconWebhook },
    { to: paths.retryJobs(merchant), label: 'Bulk retries', icon: IconRefresh },
    { to: paths.sessions(merchant), label: 'Sessions', icon: IconActivity },
    { to: paths.checkouts(merchant), label: 'Checkouts', icon: IconShoppingCart },
    { to: paths.catalogue(merchant), label: 'Event types', icon: IconBook },
    { to: paths.simulate(merchant), label: 'Simulate', icon: IconPlayerPlay },
    { to: paths.merchantApps(merchant), label: 'Apps', icon: IconApps },
    ...(seesKeys ? [{ to: paths.apiKeys(merchant), label: 'API keys', icon: IconKey }] : []),
    ...(seesPeople ? [{ to: paths.people(merchant), label: 'People', icon: IconUsers }] : []),
    ...(changes
      ? [{ to: paths.merchantSettings(merchant), label: 'Settings', icon: IconSettings }]
      : []),
    ...(seesAudit ? [{ to: paths.auditLog(merchant), label: 'Audit log', icon: IconHistory }] : []),
  ];
}

export function platformPages(me: Me): NavPage[] {
  if (me.platform_role === null) {
    return [
      ...(me.memberships.length > 0
        ? [{ to: paths.merchants(), label: 'Merchants', icon: IconBuildingStore }]
        : []),
      ...(me.app_ids.length > 0 ? [{ to: paths.apps(), label: 'Apps', icon: IconApps }] : []),
    ];
  }
  return [
    { to: paths.overview(), label: 'Overview', icon: IconDashboard },
    { to: paths.merchants(), label: 'Merchants', icon: IconBuildingStore },
    { to: paths.allDeliveries(), label: 'Deliveries', icon: IconListDetails },
    { to: paths.allRetryJobs(), label: 'Bulk retries', icon: IconRefresh },
    { to: paths.allEndpoints(), label: 'Endpoints', icon: IconWebhook },
    { to: paths.apps(), label: 'Apps', icon: IconApps },
    ...(me.platform_role === 'admin'
      ? [{ to: paths.users(), label: 'Users', icon: IconUsers }]
      : []),
    { to: paths.platformKeys(), label: 'API keys', icon: IconKey },
    { to: paths.platformAuditLog(), label: 'Audit log', icon: IconHistory },
    { to: paths.system(), label: 'System', icon: IconServer },
  ];
}

/** Where somebody begins: in their merchant, when they have one to begin in. */
export function home(me: Me): string {
  if (me.platform_role === null) {
    const [first, second] = me.memberships;
    if (first && !second) return paths.deliveries(first.merchant_id);
    if (!first && me.app_ids.length > 0) return paths.apps();
  }
  return paths.merchants();
}
