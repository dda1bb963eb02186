import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { type Owner, endpointKey, endpointsOf } from '../api/endpoints';

/** Whose endpoints the address is about. */
export function useOwner(): Owner {
  const { merchantId = '', appId } = useParams();
  return appId === undefined ? { merchantId } : { appId };
}

/** The endpoint that the address is about. */
export function useEndpoint(owner: Owner, endpointId: string) {
  return useQuery({
    queryKey: endpointKey(owner, endpointId),
    queryFn: () => endpointsOf(owner).get(endpointId),
  });
}

/** All endpoints of an owner. */
export function useEndpointsOf(owner: Owner) {
  return useQuery({ queryKey: endpointKey(owner), queryFn: () => endpointsOf(owner).list() });
}

/** A merchant's own endpoints. */
export function useEndpoints(merchantId: string) {
  return useEndpointsOf({ merchantId });
}
