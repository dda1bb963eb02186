// Every page of the dashboard: the router's own list, with something to show on each.

import { readFileSync } from 'node:fs';

const ROUTES = readFileSync(new URL('../src/routes.tsx', import.meta.url), 'utf8');
const OWNERS = ['m/:merchantId/endpoints', 'platform/apps/:appId/endpoints'];
/** Pages that only pass on to another. */
const PASSING = ['/', '*', 'm/:merchantId'];
/** What somebody who is not logged in sees. */
const OPEN = ['/sign-in', '/portal', '/accept-invitation', '/reset-password'];
/** Where merchants look and retry from a phone. */
const NARROW = /deliver|endpoints|retry-jobs|sessions|checkouts|merchants|sign-in/;

export type PageOf = { name: string; url: string; isOpen: boolean; isNarrow: boolean };

export function everyPage(ids: Record<string, string>): PageOf[] {
  const patterns = [...ROUTES.matchAll(/\bpath: (['`])(.+?)\1/g)].flatMap((found) =>
    // Some stand for what two owners have: `...['a', 'b'].flatMap((path) => [{ path: `${path}/new` …`.
    found[1] === '`' ? OWNERS.map((path) => found[2]!.replace('${path}', path)) : [found[2]!],
  );
  if (patterns.length < 20) throw new Error('the routes are not read as they are written');
  return patterns
    .filter((pattern) => !PASSING.includes(pattern))
    .map((pattern) => ({
      name: nameOf(pattern),
      url: fill(pattern, ids),
      isOpen: OPEN.includes(pattern),
      isNarrow: NARROW.test(pattern),
    }));
}

function fill(pattern: string, ids: Record<string, string>): string {
  const path = pattern.replace(/:(\w+)\??|\*$/g, (_, key: string) => {
    const id = key === 'endpointId' && pattern.includes(':appId') ? ids.appEndpointId : ids[key];
    if (!id) throw new Error(`nothing to show on ${pattern}: shop-world.ts makes no ${key}`);
    return encodeURIComponent(id);
  });
  return path.startsWith('/') ? path : `/${path}`;
}

/** `m/:merchantId/deliveries/:deliveryId` is `merchant-delivery`. */
function nameOf(pattern: string): string {
  return pattern
    .replace(/^\//, '')
    .replace(/^m\/:merchantId/, 'merchant')
    .replace(/deliveries\/:\w+/, 'delivery')
    .replace(/(\w+)s\/:\w+/g, '$1')
    .replaceAll('/', '-');
}
