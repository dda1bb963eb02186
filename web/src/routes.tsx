import { Navigate, createBrowserRouter } from 'react-router';
import { AcceptInvitation } from './pages/accept-invitation';
import { AuditLog } from './pages/audit-log';
import { Deliveries } from './pages/deliveries';
import { DeliveryPage } from './pages/delivery';
import { Merchants } from './pages/merchants';
import { People } from './pages/people';
import { PortalPage } from './pages/portal';
import { RetryJobPage } from './pages/retry-job';
import { ResetPassword } from './pages/reset-password';
import { Home, Shell } from './pages/shell';
import { SignIn } from './pages/sign-in';
import { CheckoutPage, Checkouts, SessionPage, Sessions } from './pages/visits';
import { NotFound } from './ui/states';

export const router = createBrowserRouter([
  { path: '/sign-in', element: <SignIn /> },
  { path: '/portal', element: <PortalPage /> },
  { path: '/accept-invitation', element: <AcceptInvitation /> },
  { path: '/reset-password', element: <ResetPassword /> },
  {
    path: '/',
    element: <Shell />,
    children: [
      { index: true, element: <Home /> },
      { path: 'merchants', element: <Merchants /> },
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
      { path: 'm/:merchantId/retry-jobs/:jobId', element: <RetryJobPage /> },
      { path: 'm/:merchantId/deliveries', element: <Deliveries /> },
      { path: 'm/:merchantId/deliveries/:deliveryId', element: <DeliveryPage /> },
      { path: 'm/:merchantId/sessions', element: <Sessions /> },
      { path: 'm/:merchantId/sessions/:sessionId', element: <SessionPage /> },
      { path: 'm/:merchantId/checkouts', element: <Checkouts /> },
      { path: 'm/:merchantId/checkouts/:checkoutId', element: <CheckoutPage /> },
      {
        path: 'm/:merchantId/event-types',
        lazy: async () => ({ Component: (await import('./pages/catalogue')).Catalogue }),
      },
      {
        path: 'm/:merchantId/event-types/:name',
        lazy: async () => ({ Component: (await import('./pages/event-type')).EventTypePage }),
      },
      {
        path: 'm/:merchantId/api-keys',
        lazy: async () => ({ Component: (await import('./pages/merchant-keys')).MerchantKeys }),
      },
      { path: 'm/:merchantId/people', element: <People /> },
      { path: 'm/:merchantId/audit-log', element: <AuditLog /> },
      { path: '*', element: <NotFound /> },
    ],
  },
]);
