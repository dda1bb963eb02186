// Endpoints belong to a merchant or to an app; the same can be done to both, under different paths.

import type { components } from './__generated__/schema';
import { api, data } from './client';

type Schemas = components['schemas'];
export type Endpoint = Schemas['Endpoint'];
export type Owner = { merchantId: string; appId?: undefined } | { appId: string; merchantId?: undefined };
export type EndpointApi = ReturnType<typeof ofMerchant>;

type Range = Schemas['StatsRange'];

/** The operations on the endpoints of an owner. */
export function endpointsOf(owner: Owner): EndpointApi {
  return owner.appId === undefined ? ofMerchant(owner.merchantId) : ofApp(owner.appId);
}

/** What the owner's endpoints are kept under, by the id of one or for the list. */
export const endpointKey = (owner: Owner, endpointId?: string) =>
  endpointId ? ['endpoint', endpointId] : ['endpoints', owner.merchantId ?? owner.appId];

/** The owner of an endpoint. */
export const ownerOf = (endpoint: Pick<Endpoint, 'merchant_id' | 'app_id'>): Owner =>
  endpoint.app_id ? { appId: endpoint.app_id } : { merchantId: endpoint.merchant_id ?? '' };

const ALL = { limit: 250 };

function ofMerchant(merchant_id: string) {
  const root = { path: { merchant_id } };
  const one = (endpoint_id: string) => ({ params: { path: { merchant_id, endpoint_id } } });
  return {
    list: () =>
      data(
        api.GET('/v1/merchants/{merchant_id}/endpoints', { params: { ...root, query: ALL } }),
      ),
    create: (body: Schemas['CreateEndpoint']) =>
      data(api.POST('/v1/merchants/{merchant_id}/endpoints', { params: root, body })),
    get: (id: string) =>
      data(api.GET('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}', one(id))),
    update: (id: string, body: Schemas['UpdateEndpoint']) =>
      data(api.PATCH('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}', { ...one(id), body })),
    remove: (id: string) =>
      data(api.DELETE('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}', one(id))),
    secrets: (id: string) =>
      data(api.GET('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/secret', one(id))),
    rotate: (id: string, body: Schemas['RotateSecret']) =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/secret/rotate', {
          ...one(id),
          body,
        }),
      ),
    revokePrevious: (id: string) =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/secret/previous', one(id)),
      ),
    enable: (id: string) =>
      data(api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/enable', one(id))),
    disable: (id: string) =>
      data(api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/disable', one(id))),
    stats: (id: string, range: Range) =>
      data(
        api.GET('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/stats', {
          params: { path: { merchant_id, endpoint_id: id }, query: { range } },
        }),
      ),
    test: (id: string, body: Schemas['TestSend']) =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoints/{endpoint_id}/test', { ...one(id), body }),
      ),
  };
}

function ofApp(app_id: string): EndpointApi {
  const root = { path: { app_id } };
  const one = (endpoint_id: string) => ({ params: { path: { app_id, endpoint_id } } });
  return {
    list: () => data(api.GET('/v1/apps/{app_id}/endpoints', { params: { ...root, query: ALL } })),
    create: (body) => data(api.POST('/v1/apps/{app_id}/endpoints', { params: root, body })),
    get: (id) => data(api.GET('/v1/apps/{app_id}/endpoints/{endpoint_id}', one(id))),
    update: (id, body) =>
      data(api.PATCH('/v1/apps/{app_id}/endpoints/{endpoint_id}', { ...one(id), body })),
    remove: (id) => data(api.DELETE('/v1/apps/{app_id}/endpoints/{endpoint_id}', one(id))),
    secrets: (id) => data(api.GET('/v1/apps/{app_id}/endpoints/{endpoint_id}/secret', one(id))),
    rotate: (id, body) =>
      data(api.POST('/v1/apps/{app_id}/endpoints/{endpoint_id}/secret/rotate', { ...one(id), body })),
    revokePrevious: (id) =>
      data(api.DELETE('/v1/apps/{app_id}/endpoints/{endpoint_id}/secret/previous', one(id))),
    enable: (id) => data(api.POST('/v1/apps/{app_id}/endpoints/{endpoint_id}/enable', one(id))),
    disable: (id) => data(api.POST('/v1/apps/{app_id}/endpoints/{endpoint_id}/disable', one(id))),
    stats: (id, range) =>
      data(
        api.GET('/v1/apps/{app_id}/endpoints/{endpoint_id}/stats', {
          params: { path: { app_id, endpoint_id: id }, query: { range } },
        }),
      ),
    test: (id, body) =>
      data(api.POST('/v1/apps/{app_id}/endpoints/{endpoint_id}/test', { ...one(id), body })),
  };
}
