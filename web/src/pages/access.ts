// Who may do what, after docs/roles.md: the server decides, this only says so before somebody tries.

import type { components } from '../api/__generated__/schema';
import type { Owner } from '../api/endpoints';
import { useMe } from './me';

const PLATFORM = ['viewer', 'operator', 'admin'] satisfies components['schemas']['PlatformRole'][];
const MERCHANT = ['viewer', 'developer', 'owner'] satisfies components['schemas']['MerchantRole'][];

/** The least role that may do something, on each side; developers of the app too where `app` says so. */
export type Least = {
  platform: (typeof PLATFORM)[number];
  merchant?: (typeof MERCHANT)[number];
  app?: boolean;
};

export const WRITE_ENDPOINTS: Least = { platform: 'operator', merchant: 'developer', app: true };

/** Asks why the caller may not do something; nothing where they may. */
export function useRefusal(owner: Partial<Owner> = {}): (least: Least) => string | undefined {
  const me = useMe().data;
  const member = me?.memberships.find((held) => held.merchant_id === owner.merchantId)?.role;
  const develops = owner.appId !== undefined && me?.app_ids.includes(owner.appId);
  return (least) => {
    const may =
      PLATFORM.indexOf(me?.platform_role ?? ('' as never)) >= PLATFORM.indexOf(least.platform) ||
      (develops && least.app) ||
      (least.merchant !== undefined &&
        MERCHANT.indexOf(member ?? ('' as never)) >= MERCHANT.indexOf(least.merchant));
    if (may) return undefined;
    const inside = me?.platform_role === null && least.merchant;
    return inside
      ? `This takes the role ${least.merchant}; yours is ${member ?? 'none'}.`
      : `This takes the platform role ${least.platform}.`;
  };
}
