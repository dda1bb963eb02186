// Every link of the dashboard.

export const paths = {
  signIn: (next?: string) => (next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'),
  merchants: () => '/merchants',
  endpoints: (merchant: string) => `/m/${merchant}/endpoints`,
  endpoint: (merchant: string, endpoint: string) => `/m/${merchant}/endpoints/${endpoint}`,
  newEndpoint: (merchant: string) => `/m/${merchant}/endpoints/new`,
  retryJob: (merchant: string, job: string) => `/m/${merchant}/retry-jobs/${job}`,
  deliveries: (merchant: string, filter?: Record<string, string>) =>
    `/m/${merchant}/deliveries${filter ? `?${new URLSearchParams(filter)}` : ''}`,
  delivery: (merchant: string, delivery: string, attempt?: number) =>
    `/m/${merchant}/deliveries/${delivery}${attempt ? `?attempt=${attempt}` : ''}`,
};
