import { Navigate, type RouteObject, createBrowserRouter } from 'react-router';
import { AcceptInvitation } from './pages/accept-invitation';
import { Deliveries } from './pages/deliveries';
import { Merchants } from './pages/merchants';
import { PortalPage } from './pages/portal';
import { ResetPassword } from './pages/reset-password';
import { Home, Shell } from './pages/shell';
import { SignIn } from './pages/sign-in';
import { Broken } from './ui/broken';
import { Loading, NotFound } from './ui/states';

const auditLog = async () => ({ Component: (await import('./pages/audit-log')).AuditLog });

// A merchant's, and the platform's, too.
const retryJobs = async () => ({ Component: (await import('./pages/retry-jobs')).RetryJobs });
const retryJob = async () => ({ Component: (await import('./pages/retry-job')).RetryJobPage });

/** A page that breaks leaves the frame around it whole. */
const inFrame = (children: RouteObject[]) => [{ errorElement: <Broken />, children }];

export const router = createBrowserRouter([
  { path: '/sign-in', element: <SignIn /> },
  { path: '/portal', element: <PortalPage /> },
  { path: '/accept-invitation', element: <AcceptInvitation /> },
  { path: '/reset-password', element: <ResetPassword /> },
  {
    path: '/',
    element: <Shell />,
    errorElement: <Broken />,
    hydrateFallbackElement: <Loading />,
    children: inFrame([
      { index: true, element: <Home /> },
      { path: 'merchants', element: <Merchants /> },
      {
        path: 'account',
        lazy: async () => ({ Component: (await import('./pages/account')).Account }),
      },
      {
        path: 'platform/overview',
        lazy: async () => ({ Component: (await import('./pages/overview')).Overview }),
      },
      {
        path: 'platform/api-keys',
        lazy: async () => ({ Component: (await import('./pages/platform-keys')).PlatformKeys }),
      },
      {
        path: 'platform/merchants/new',
        lazy: async () => ({ Component: (await import('./forms/merchant-create')).MerchantCreate }),
      },
      {
        path: 'platform/endpoints',
        lazy: async () => ({ Component: (await import('./pages/all-endpoints')).AllEndpoints }),
      },
      {
        path: 'platform/users',
        lazy: async () => ({ Component: (await import('./pages/users')).Users }),
      },
      {
        path: 'platform/users/:userId',
        lazy: async () => ({ Component: (await import('./pages/user')).UserPage }),
      },
      { path: 'platform/audit-log', lazy: auditLog },
      {
        path: 'platform/system',
        lazy: async () => ({ Component: (await import('./pages/system')).System }),
      },
      { path: 'm/:merchantId', element: <Navigate to="deliveries" replace /> },
      {
        path: 'm/:merchantId/endpoints',
        lazy: async () => ({ Component: (await import('./pages/endpoint-list')).Endpoints }),
      },
      ...['m/:merchantId/endpoints', 'platform/apps/:appId/endpoints'].flatMap((path) => [
        {
          path: `${path}/new`,
          lazy: async () => ({ Component: (await import('./forms/endpoint-create')).EndpointCreate }),
        },
        {
          path: `${path}/:endpointId`,
          lazy: async () => ({ Component: (await import('./pages/endpoint')).EndpointPage }),
        },
        {
          path: `${path}/:endpointId/edit`,
          lazy: async () => ({ Component: (await import('./forms/endpoint-edit')).EndpointEdit }),
        },
      ]),
      { path: 'm/:merchantId/deliveries', element: <Deliveries /> },
      {
        path: 'm/:merchantId/deliveries/:deliveryId',
        lazy: async () => ({ Component: (await import('./pages/delivery')).DeliveryPage }),
      },
      { path: 'm/:merchantId/retry-jobs', lazy: retryJobs },
      { path: 'm/:merchantId/retry-jobs/:jobId', lazy: retryJob },
      { path: 'platform/deliveries', element: <Deliveries /> },
      { path: 'platform/retry-jobs', lazy: retryJobs },
      { path: 'platform/retry-jobs/:jobId', lazy: retryJob },
      {
        path: 'm/:merchantId/event-types',
        lazy: async () => ({ Component: (await import('./pages/catalogue')).Catalogue }),
      },
      {
        path: 'm/:merchantId/event-types/:name',
        lazy: async () => ({ Component: (await import('./pages/event-type')).EventTypePage }),
      },
      {
        path: 'platform/apps',
        lazy: async () => ({ Component: (await import('./pages/apps')).Apps }),
      },
      {
        path: 'platform/apps/:appId',
        lazy: async () => ({ Component: (await import('./pages/app')).AppPage }),
      },
      {
        path: 'm/:merchantId/apps',
        lazy: async () => ({ Component: (await import('./pages/installations')).Installations }),
      },
      {
        path: 'm/:merchantId/simulate',
        lazy: async () => ({ Component: (await import('./pages/simulate')).Simulate }),
      },
      {
        path: 'm/:merchantId/api-keys',
        lazy: async () => ({ Component: (await import('./pages/merchant-keys')).MerchantKeys }),
      },
      {
        path: 'm/:merchantId/sessions',
        lazy: async () => ({ Component: (await import('./pages/visits')).Sessions }),
      },
      {
        path: 'm/:merchantId/sessions/:sessionId',
        lazy: async () => ({ Component: (await import('./pages/visit')).SessionPage }),
      },
      {
        path: 'm/:merchantId/checkouts',
        lazy: async () => ({ Component: (await import('./pages/visits')).Checkouts }),
      },
      {
        path: 'm/:merchantId/checkouts/:checkoutId',
        lazy: async () => ({ Component: (await import('./pages/visit')).CheckoutPage }),
      },
      {
        path: 'm/:merchantId/people',
        lazy: async () => ({ Component: (await import('./pages/people')).People }),
      },
      { path: 'm/:merchantId/audit-log', lazy: auditLog },
      {
        path: 'm/:merchantId/settings',
        lazy: async () => ({
          Component: (await import('./pages/merchant-settings')).MerchantSettings,
        }),
      },
      { path: '*', element: <NotFound /> },
    ]),
  },
]);
