// Every link of the dashboard.

type Owner = { merchantId?: string; appId?: string };
const home = ({ merchantId, appId }: Owner) =>
  appId === undefined ? `/m/${merchantId}` : `/platform/apps/${appId}`;

export const paths = {
  signIn: (next?: string) => (next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'),
  home: () => '/',
  account: () => '/account',
  /** Pages of the server's own, outside of the dashboard. */
  docs: () => '/docs',
  outcomes: () => '/docs/outcomes',
  outcome: (outcome: string) => `/docs/outcomes/${outcome}`,
  merchants: () => '/merchants',
  newMerchant: () => '/platform/merchants/new',
  overview: () => '/platform/overview',
  allDeliveries: (filter?: Record<string, string>) => `/platform/deliveries${query(filter)}`,
  allRetryJobs: () => '/platform/retry-jobs',
  anyRetryJob: (job: string) => `/platform/retry-jobs/${job}`,
  allEndpoints: () => '/platform/endpoints',
  apps: () => '/platform/apps',
  app: (app: string, tab?: string) => `/platform/apps/${app}${tab ? `?tab=${tab}` : ''}`,
  users: () => '/platform/users',
  user: (user: string) => `/platform/users/${user}`,
  platformKeys: () => '/platform/api-keys',
  platformAuditLog: (filter?: Record<string, string>) => `/platform/audit-log${query(filter)}`,
  system: () => '/platform/system',
  endpoints: (merchant: string) => `/m/${merchant}/endpoints`,
  endpoint: (merchant: string, endpoint: string) => `/m/${merchant}/endpoints/${endpoint}`,
  newEndpoint: (merchant: string) => `/m/${merchant}/endpoints/new`,
  /** The same of whoever owns it: a merchant or an app. */
  endpointsOf: (owner: Owner) => (owner.appId === undefined ? `${home(owner)}/endpoints` : home(owner)),
  addEndpoint: (owner: Owner) => `${home(owner)}/endpoints/new`,
  endpointOf: (owner: Owner, endpoint: string, tab?: string) =>
    `${home(owner)}/endpoints/${endpoint}${tab ? `?tab=${tab}` : ''}`,
  editEndpoint: (owner: Owner, endpoint: string) => `${home(owner)}/endpoints/${endpoint}/edit`,
  merchantSettings: (merchant: string) => `/m/${merchant}/settings`,
  merchantApps: (merchant: string) => `/m/${merchant}/apps`,
  apiKeys: (merchant: string) => `/m/${merchant}/api-keys`,
  simulate: (merchant: string) => `/m/${merchant}/simulate`,
  retryJobs: (merchant: string) => `/m/${merchant}/retry-jobs`,
  retryJob: (merchant: string, job: string) => `/m/${merchant}/retry-jobs/${job}`,
  session: (merchant: string, session: string) => `/m/${merchant}/sessions/${session}`,
  sessions: (merchant: string) => `/m/${merchant}/sessions`,
  checkout: (merchant: string, checkout: string) => `/m/${merchant}/checkouts/${checkout}`,
  checkouts: (merchant: string) => `/m/${merchant}/checkouts`,
  catalogue: (merchant: string) => `/m/${merchant}/event-types`,
  eventType: (merchant: string, name: string) =>
    `/m/${merchant}/event-types/${encodeURIComponent(name)}`,
  people: (merchant: string) => `/m/${merchant}/people`,
  auditLog: (merchant: string, filter?: Record<string, string>) =>
    `/m/${merchant}/audit-log${query(filter)}`,
  deliveries: (merchant: string, filter?: Record<string, string>) =>
    `/m/${merchant}/deliveries${query(filter)}`,
  delivery: (merchant: string, delivery: string, attempt?: number) =>
    `/m/${merchant}/deliveries/${delivery}${attempt ? `?attempt=${attempt}` : ''}`,
};

function query(filter?: Record<string, string>): string {
  return filter ? `?${new URLSearchParams(filter)}` : '';
}
