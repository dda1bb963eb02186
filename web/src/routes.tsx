import { Navigate, createBrowserRouter } from 'react-router';
import { AcceptInvitation } from './pages/accept-invitation';
import { Deliveries } from './pages/deliveries';
import { DeliveryPage } from './pages/delivery';
import { EndpointCreate } from './forms/endpoint-create';
import { EndpointPage } from './pages/endpoint';
import { Endpoints } from './pages/endpoints';
import { Merchants } from './pages/merchants';
import { PortalPage } from './pages/portal';
import { RetryJobPage } from './pages/retry-job';
import { ResetPassword } from './pages/reset-password';
import { Shell } from './pages/shell';
import { SignIn } from './pages/sign-in';
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
      { index: true, element: <Navigate to="/merchants" replace /> },
      { path: 'merchants', element: <Merchants /> },
      { path: 'm/:merchantId', element: <Navigate to="deliveries" replace /> },
      { path: 'm/:merchantId/endpoints', element: <Endpoints /> },
      { path: 'm/:merchantId/endpoints/new', element: <EndpointCreate /> },
      { path: 'm/:merchantId/endpoints/:endpointId', element: <EndpointPage /> },
      { path: 'm/:merchantId/retry-jobs/:jobId', element: <RetryJobPage /> },
      { path: 'm/:merchantId/deliveries', element: <Deliveries /> },
      { path: 'm/:merchantId/deliveries/:deliveryId', element: <DeliveryPage /> },
      { path: '*', element: <NotFound /> },
    ],
  },
]);
