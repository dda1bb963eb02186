// Every link of the dashboard.

export const paths = {
  signIn: (next?: string) => (next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'),
  merchants: () => '/merchants',
  allDeliveries: (filter?: Record<string, string>) =>
    `/platform/deliveries${filter ? `?${new URLSearchParams(filter)}` : ''}`,
  allRetryJobs: () => '/platform/retry-jobs',
  anyRetryJob: (job: string) => `/platform/retry-jobs/${job}`,
  endpoints: (merchant: string) => `/m/${merchant}/endpoints`,
  endpoint: (merchant: string, endpoint: string) => `/m/${merchant}/endpoints/${endpoint}`,
  newEndpoint: (merchant: string) => `/m/${merchant}/endpoints/new`,
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
  auditLog: (merchant: string) => `/m/${merchant}/audit-log`,
  deliveries: (merchant: string, filter?: Record<string, string>) =>
    `/m/${merchant}/deliveries${filter ? `?${new URLSearchParams(filter)}` : ''}`,
  delivery: (merchant: string, delivery: string, attempt?: number) =>
    `/m/${merchant}/deliveries/${delivery}${attempt ? `?attempt=${attempt}` : ''}`,
};
