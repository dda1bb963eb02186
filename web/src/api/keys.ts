// API keys are held by a merchant, an app or, where neither is named, the platform.

import type { components } from './__generated__/schema';
import { api, data } from './client';

type Create = components['schemas']['CreateApiKey'];
export type KeyHolder = { merchantId?: string; appId?: string };

export function keysOf({ merchantId, appId }: KeyHolder) {
  if (merchantId !== undefined) return ofMerchant(merchantId);
  return appId !== undefined ? ofApp(appId) : ofPlatform();
}

function ofPlatform() {
  return {
    list: (cursor?: string) => data(api.GET('/v1/api-keys', { params: { query: { cursor } } })),
    create: (body: Create) => data(api.POST('/v1/api-keys', { body })),
    revoke: (key_id: string) =>
      data(api.DELETE('/v1/api-keys/{key_id}', { params: { path: { key_id } } })),
  };
}

function ofMerchant(merchant_id: string): ReturnType<typeof ofPlatform> {
  const path = { merchant_id };
  return {
    list: (cursor) =>
      data(
        api.GET('/v1/merchants/{merchant_id}/api-keys', { params: { path, query: { cursor } } }),
      ),
    create: (body) =>
      data(api.POST('/v1/merchants/{merchant_id}/api-keys', { params: { path }, body })),
    revoke: (key_id) =>
      data(
        api.DELETE('/v1/merchants/{merchant_id}/api-keys/{key_id}', {
          params: { path: { merchant_id, key_id } },
        }),
      ),
  };
}

function ofApp(app_id: string): ReturnType<typeof ofPlatform> {
  const path = { app_id };
  return {
    list: (cursor) =>
      data(api.GET('/v1/apps/{app_id}/api-keys', { params: { path, query: { cursor } } })),
    create: (body) => data(api.POST('/v1/apps/{app_id}/api-keys', { params: { path }, body })),
    revoke: (key_id) =>
      data(
        api.DELETE('/v1/apps/{app_id}/api-keys/{key_id}', { params: { path: { app_id, key_id } } }),
      ),
  };
}
