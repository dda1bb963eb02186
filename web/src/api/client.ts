// Every call goes through here: with the login, and refreshed once when it has ended.

import createClient from 'openapi-fetch';
import type { paths } from './__generated__/schema';
import { failureOf } from './errors';
import { toJson } from './raw-json';
import { bearer, refresh } from './session';

async function withLogin(request: Request): Promise<Response> {
  const send = () => {
    const authorization = bearer();
    const copy = request.clone();
    if (authorization) copy.headers.set('authorization', authorization);
    return fetch(copy);
  };
  if (!bearer()) await refresh();
  const answer = await send();
  return answer.status === 401 && (await refresh()) ? send() : answer;
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: withLogin,
  bodySerializer: toJson,
});

/** The data of an answer; what was refused is thrown. */
export async function data<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw failureOf(response.status, error);
  return data as T;
}
