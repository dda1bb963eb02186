import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { curlNotes, curlOf, shellWord } from './curl';

/** Runs the commands with a `curl` that says what it was given: its arguments, then the body. */
function run(commands: string, env: Record<string, string> = {}): { args: string[]; body: string } {
  const curl = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\0'; cat; }\n`;
  const out = execFileSync('sh', ['-eu', '-s'], {
    input: curl + commands,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const cut = out.indexOf('\0\0');
  return { args: out.slice(0, cut).split('\0'), body: out.slice(cut + 2) };
}

const url = "https://hooks.example.com/in?a=b&c='$(id)'";
const plain = { 'content-type': 'application/json', 'x-webhook-version': '2026-05' };

test.each([
  '{"name":"O\'Brien & Söhne","cost":"$HOME `id` \\\\ %s","total":10.00}',
  '{ "id": 12345678901234567890,\r\n\t"lines": "ends with a line"\n}\n\n',
  "'",
  '',
  'חנות \u202e\u2028 !! \\n @file',
])('the body %j is sent byte for byte', (body) => {
  const sent = run(curlOf({ url, headers: plain, body }));
  expect(sent.body).toBe(body);
  expect(sent.args).toEqual([
    ...['-g', '-i', '-X', 'POST', url],
    ...['-H', 'content-type: application/json', '-H', 'x-webhook-version: 2026-05'],
    ...['--data-binary', '@-'],
  ]);
});

test('a large body is no argument', () => {
  const body = `{"text":"${"it's ".repeat(50_000)}"}`;
  expect(run(curlOf({ url, headers: plain, body })).body).toBe(body);
});

test('masked secrets are asked for, by name', () => {
  const headers = { ...plain, 'x-flexype-authorization': '…cdef', 'x-api-key': '…', 'x-empty': '' };
  const commands = curlOf({ url, headers, body: '{}' });
  expect(() => run(commands)).toThrow(/SECRET/);
  expect(() => run(commands, { SECRET: 's' })).toThrow(/HEADER_X_API_KEY/);
  const sent = run(commands, { SECRET: "it's $ecret", HEADER_X_API_KEY: 'k' });
  expect(sent.args).toContain("x-flexype-authorization: it's $ecret");
  expect(sent.args).toContain('x-api-key: k');
  expect(sent.args).toContain('x-empty;');
  expect(commands).not.toContain('cdef');
});

test('the name of a masked header is never run', () => {
  const name = "x-`id`$a'|&!";
  const sent = run(curlOf({ url, headers: { ...plain, [name]: '…' }, body: '{}' }), { 'HEADER_X__ID__A____': 'k' });
  expect(sent.args).toContain(`${name}: k`);
});

test('a signature is made anew', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const headers = {
    ...plain,
    'webhook-id': 'order-1001',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const body = '{"name":"O\'Brien"}\n';
  const sent = run(curlOf({ url, headers, body }), {
    SIGNING_SECRET: `whsec_${key.toString('base64')}`,
  });
  const of = (name: string) =>
    sent.args.find((word) => word.startsWith(`${name}: `))?.slice(name.length + 2);
  const signed = createHmac('sha256', key).update(`order-1001.${of('webhook-timestamp')}.${body}`);
  expect(of('webhook-signature')).toBe(`v1,${signed.digest('base64')}`);
  expect(Number(of('webhook-timestamp'))).toBeGreaterThan(1_700_000_000);
  expect(sent.args.filter((word) => word.startsWith('webhook-'))).toHaveLength(3);
});

test('what curl does itself is left to it', () => {
  const sent = run(curlOf({ url, headers: { host: 'x', 'content-length': '2' }, body: '{}' }));
  expect(sent.args.filter((word) => /^(host|content-length)/.test(word))).toEqual([]);
  expect(sent.args).toContain('content-type:');
});

test('notes say what is left to do', () => {
  expect(curlNotes({ url, headers: plain })).toEqual([]);
  const headers = { 'x-flexype-authorization': '…cdef', 'webhook-signature': 'v1,x' };
  expect(curlNotes({ url: 'https://a.example/?****', headers })).toHaveLength(3);
});

test('a word of the shell stays one word', () => {
  expect(shellWord("a'b")).toBe(`'a'\\''b'`);
});
