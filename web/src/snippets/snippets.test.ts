// Each snippet verifies real signatures, where its interpreter is on this machine; Node and Python always are.

import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fitted } from './fitted';
import { LANGUAGES, snippet } from './languages';
import { verify } from './verify';

const SECRET = 'a secret of our own';
const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const SIGNING = `whsec_${KEY.toString('base64')}`;
const BODY = '{"id":12345678901234567890,"name":"חנות"}';
const PLAIN = 'X-Flexype-Authorization';
const now = Math.floor(Date.now() / 1_000);

function sign(key: Buffer, timestamp: number, body = BODY): string {
  const mac = createHmac('sha256', key).update(`evt_1.${timestamp}.${body}`);
  return `v1,${mac.digest('base64')}`;
}

const other = sign(Buffer.from('another key, as long as the first'), now);
const genuine = { id: 'evt_1', timestamp: String(now), signature: sign(KEY, now), plain: SECRET, body: BODY };
/** A request, whether it is genuine, and whether it is where no plain secret is compared. */
const CASES: [what: string, request: typeof genuine, good: boolean, goodWithoutPlain?: boolean][] = [
  ['genuine', genuine, true],
  ['signed by the old secret too', { ...genuine, signature: `${other} ${genuine.signature}` }, true],
  ['signed by another', { ...genuine, signature: other }, false],
  ['not signed', { ...genuine, signature: '' }, false],
  ['a changed body', { ...genuine, body: `${BODY} ` }, false],
  ['another id', { ...genuine, id: 'evt_2' }, false],
  ['too old', { ...genuine, timestamp: String(now - 600), signature: sign(KEY, now - 600) }, false],
  ['from the future', { ...genuine, timestamp: String(now + 600), signature: sign(KEY, now + 600) }, false],
  ['no time', { ...genuine, timestamp: 'soon' }, false],
  ['a wrong plain secret', { ...genuine, plain: 'a secret of others!' }, false, true],
];
const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature', PLAIN.toLowerCase()];

/** How a language is run: its command, its file, and a loop that reads seven lines a request and says true or false. */
const RUNNERS: Record<string, { command: string[]; version: string[]; file: string; loop: (call: string) => string }> = {
  JavaScript: {
    command: ['node', 'verify.mjs'],
    version: ['node', '--version'],
    file: 'verify.mjs',
    loop: () => `
import { readFileSync } from 'node:fs';
const lines = readFileSync('cases', 'utf8').split('\\n');
for (let at = 0; at + 6 < lines.length; at += 7) {
  const [id, timestamp, signature, plain, body, signingSecret, secret] = lines.slice(at, at + 7);
  const headers = { '${NAMES[0]}': id, '${NAMES[1]}': timestamp, '${NAMES[2]}': signature, '${NAMES[3]}': plain };
  console.log(verify(headers, Buffer.from(body), { signingSecret, secret }));
}`,
  },
  Python: {
    command: ['python3', 'verify.py'],
    version: ['python3', '--version'],
    file: 'verify.py',
    loop: (plain) => `
lines = open("cases", encoding="utf-8").read().split("\\n")
for at in range(0, len(lines) - 6, 7):
    *values, body, signing_secret, secret = lines[at : at + 7]
    headers = dict(zip(${JSON.stringify(NAMES)}, values))
    print(str(verify(headers, body.encode(), signing_secret${plain && ', secret'})).lower())
`,
  },
  PHP: {
    command: ['php', 'verify.php'],
    version: ['php', '--version'],
    file: 'verify.php',
    loop: (plain) => `
$lines = explode("\\n", file_get_contents('cases'));
for ($at = 0; $at + 6 < count($lines); $at += 7) {
    $headers = array_combine(${JSON.stringify(NAMES)}, array_slice($lines, $at, 4));
    echo verify($headers, $lines[$at + 4], $lines[$at + 5]${plain && ', $lines[$at + 6]'}) ? 'true' : 'false', "\\n";
}
`,
  },
  Ruby: {
    command: ['ruby', 'verify.rb'],
    version: ['ruby', '--version'],
    file: 'verify.rb',
    loop: (plain) => `
File.read("cases", encoding: "utf-8").split("\\n", -1).each_slice(7) do |values|
  next if values.size < 7
  headers = ${JSON.stringify(NAMES)}.zip(values).to_h
  puts verify(headers, values[4], values[5]${plain && ', values[6]'})
end
`,
  },
  Go: {
    command: ['go', 'run', 'verify.go'],
    version: ['go', 'version'],
    file: 'verify.go',
    loop: (plain) => `
func main() {
	text, _ := os.ReadFile("cases")
	lines := strings.Split(string(text), "\\n")
	for at := 0; at+6 < len(lines); at += 7 {
		headers := http.Header{}
		for index, name := range []string{${NAMES.map((name) => JSON.stringify(name))}} {
			headers.Set(name, lines[at+index])
		}
		fmt.Println(Verify(headers, []byte(lines[at+4]), lines[at+5]${plain && ', lines[at+6]'}))
	}
}
`,
  },
  Java: {
    command: ['java', 'Main.java'],
    version: ['java', '-version'],
    file: 'Main.java',
    loop: (plain) => `
class Main {
    public static void main(String[] args) throws Exception {
        String[] lines = java.nio.file.Files.readString(java.nio.file.Path.of("cases")).split("\\n", -1);
        for (int at = 0; at + 6 < lines.length; at += 7) {
            Map<String, String> headers = new java.util.HashMap<>();
            String[] names = {${NAMES.map((name) => JSON.stringify(name))}};
            for (int index = 0; index < 4; index++) headers.put(names[index], lines[at + index]);
            byte[] body = lines[at + 4].getBytes(StandardCharsets.UTF_8);
            System.out.println(Verify.verify(headers, body, lines[at + 5]${plain && ', lines[at + 6]'}));
        }
    }
}
`,
  },
  Elixir: {
    command: ['elixir', 'verify.exs'],
    version: ['elixir', '--version'],
    file: 'verify.exs',
    loop: (plain) => `
File.read!("cases")
|> String.split("\\n")
|> Enum.chunk_every(7, 7, :discard)
|> Enum.each(fn [id, timestamp, signature, plain, body, signing_secret, ${plain ? 'secret' : '_'}] ->
  headers = Enum.zip(${JSON.stringify(NAMES)}, [id, timestamp, signature, plain]) |> Map.new()
  IO.puts(Webhooks.verify?(headers, body, signing_secret${plain && ', secret'}))
end)
`,
  },
};

function has([command = '', ...args]: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A source made into a program: Java runs the first class of a file, Go wants everything imported on top. */
function program(language: string, source: string, loop: string): string {
  if (language === 'Java') {
    const imports = source.match(/^import .*\n/gm)?.join('') ?? '';
    return imports + loop + source.replace(/^import .*\n/gm, '').replace('public final class', 'final class');
  }
  if (language === 'Go') {
    return source.replace('package webhooks', 'package main').replace('import (', 'import (\n"fmt"\n"os"') + loop;
  }
  return source + loop;
}

describe.each(Object.entries(RUNNERS))('%s', (language, { command, version, file, loop }) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'snippet-'));
    const lines = CASES.flatMap(([, { id, timestamp, signature, plain, body }]) => [
      id,
      timestamp,
      signature,
      plain,
      body,
      SIGNING,
      SECRET,
    ]);
    writeFileSync(join(folder, 'cases'), `${lines.join('\n')}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const isNeeded = language === 'JavaScript' || language === 'Python';

  test.skipIf(!isNeeded && !has(version)).each([PLAIN, undefined])(
    'tells genuine requests from others; plain header: %s',
    (plainHeader) => {
      const source = snippet(language as (typeof LANGUAGES)[number], { url: 'https://a.example/', plainHeader });
      writeFileSync(join(folder, file), program(language, source, loop(plainHeader ? 'yes' : '')));
      const [name = '', ...args] = command;
      const said = execFileSync(name, args, { cwd: folder, encoding: 'utf8' }).trim().split('\n');
      const expected = CASES.map(([what, , good, bare]) => `${what}: ${plainHeader ? good : (bare ?? good)}`);
      expect(said.map((one, index) => `${CASES[index]?.[0]}: ${one}`)).toEqual(expected);
    },
    120_000,
  );
});

test.each(CASES)('TypeScript: %s', (_, request, good) => {
  const headers = {
    'webhook-id': request.id,
    'webhook-timestamp': request.timestamp,
    'webhook-signature': request.signature,
    '{{plain_header}}': request.plain,
  };
  expect(verify(headers, Buffer.from(request.body), { signingSecret: SIGNING, secret: SECRET })).toBe(good);
});

test('nothing is left to fill in, and a plain secret is spoken of only where there is one', () => {
  for (const language of LANGUAGES) {
    const bare = snippet(language, { url: 'https://a.example/\n$&' });
    expect(bare).not.toMatch(/\{\{|plain:|flexype/);
    expect(bare).toContain('https://a.example/$&');
    expect(bare.match(/\bsecret\b/gi)?.filter((one) => one === 'secret') ?? []).toEqual([]);
    const full = snippet(language, { url: 'https://a.example/', plainHeader: PLAIN });
    expect(full).not.toMatch(/\{\{|plain:/);
    expect(full).toContain(PLAIN.toLowerCase());
  }
  expect(fitted('{{url}}', { url: 'x' })).toBe('x');
  expect(readFileSync(new URL('./verify.js', import.meta.url), 'utf8')).toContain('timingSafeEqual');
});
