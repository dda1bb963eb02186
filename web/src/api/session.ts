// The login: the access token lives in this page's memory only, the refresh token in a cookie that no script can read.

import { forget } from './query';

let accessToken: string | null = null;
let refreshing: Promise<boolean> | null = null;
/** Tells the other tabs, which share the cookie, that somebody else is here now, or nobody. */
const tabs = new BroadcastChannel('hookyard-login');
tabs.onmessage = () => {
  accessToken = null;
  forget();
  window.location.reload();
};

/** What `Authorization` says, or nothing yet. */
export function bearer(): string | null {
  return accessToken && `Bearer ${accessToken}`;
}

async function post(path: string, body: unknown): Promise<Response> {
  return fetch(`/v1/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function take(answer: Response): Promise<Response> {
  if (answer.ok) {
    accessToken = (await answer.clone().json()).access_token;
  }
  return answer;
}

async function begin(answer: Response): Promise<Response> {
  if (answer.ok) tabs.postMessage('begun');
  return take(answer);
}

export async function signIn(email: string, password: string): Promise<Response> {
  forget();
  return begin(await post('token', { email, password, cookie: true }));
}

export async function openPortal(token: string): Promise<Response> {
  forget();
  return begin(await post('portal', { token, cookie: true }));
}

/** Trades the cookie for a new access token; whether there is a login. Several callers at once share one trade. */
export function refresh(): Promise<boolean> {
  refreshing ??= exclusively(async () => (await take(await post('refresh', {}))).ok).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** One tab at a time: a refresh token that is shown twice ends the login. */
async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request('hookyard-refresh', work) : work();
}

export async function signOut(): Promise<void> {
  try {
    await post('logout', {});
  } finally {
    accessToken = null;
    forget();
    tabs.postMessage('ended');
  }
}
