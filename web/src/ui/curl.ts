// An attempt as commands for a shell: the same request again, byte for byte, with the secrets left to who runs it.

type Request = {
  url: string;
  headers: Record<string, string>;
  body: string;
};

/** A value that was masked before it was logged. A header as it is sent is ASCII and never begins like this. */
const isMasked = (value: string) => value.startsWith('…') || /^\*+$/.test(value);
/** Headers that curl makes itself. */
const OWN = new Set(['host', 'content-length', 'connection', 'transfer-encoding']);
/** The header that carries the secret of FlexyPe endpoints. */
const SECRET_HEADER = 'x-flexype-authorization';

/** One word of a shell command, whatever it holds. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function variable(header: string): string {
  return header === SECRET_HEADER ? 'SECRET' : `HEADER_${header.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/**
 * The commands. The body is piped, as it may be longer than an argument may be. A signature is made anew, as receivers
 * refuse old ones; that takes `SIGNING_SECRET`.
 */
export function curlOf({ url, headers, body }: Request): string {
  const names = Object.keys(headers);
  const isSigned = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].every((name) =>
    names.includes(name),
  );
  const masked = names.filter((name) => isMasked(headers[name] ?? '')).map(variable);
  const asks = [...masked, ...(isSigned ? ['SIGNING_SECRET'] : [])];
  const lines = asks.map((name) => `: "\${${name}:?${meaning(name)}}"`);
  lines.push(`BODY=${shellWord(body)}`);
  if (isSigned) lines.push(...signing(headers['webhook-id'] ?? ''));
  const words = names
    .filter((name) => !OWN.has(name))
    .map((name) => `  -H ${header(name, headers[name] ?? '', isSigned)} \\`);
  lines.push(
    `printf '%s' "$BODY" | curl -g -i -X POST ${shellWord(url)} \\`,
    // With --data-binary curl would name a form's content type.
    ...(names.includes('content-type') ? words : [`  -H 'content-type:' \\`, ...words]),
    '  --data-binary @-',
  );
  return `${lines.join('\n')}\n`;
}

function meaning(name: string): string {
  if (name === 'SECRET') return "set it to the endpoint's secret";
  if (name === 'SIGNING_SECRET') return "set it to the endpoint's signing secret, whsec_...";
  return 'set it to the value of this header, which is not shown';
}

function header(name: string, value: string, isSigned: boolean): string {
  if (isSigned && name === 'webhook-timestamp') return '"webhook-timestamp: $TIMESTAMP"';
  if (isSigned && name === 'webhook-signature') return '"webhook-signature: $SIGNATURE"';
  if (isMasked(value)) return `${shellWord(`${name}: `)}"$${variable(name)}"`;
  // An empty value: with a colon curl would leave the header out.
  return value === '' ? shellWord(`${name};`) : shellWord(`${name}: ${value}`);
}

function signing(id: string): string[] {
  return [
    `ID=${shellWord(id)}`,
    'TIMESTAMP=$(date +%s)',
    `KEY=$(printf '%s' "\${SIGNING_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')`,
    `SIGNATURE=v1,$(printf '%s' "$ID.$TIMESTAMP.$BODY" |`,
    '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)',
  ];
}

/** What whoever runs the commands should know. */
export function curlNotes({ url, headers }: Omit<Request, 'body'>): string[] {
  const notes: string[] = [];
  const values = Object.entries(headers);
  if (values.some(([, value]) => isMasked(value))) {
    notes.push('Secrets are masked in the log: set the variables in its first lines.');
  }
  if (headers['webhook-signature']) {
    notes.push('It is signed anew when it runs, with $SIGNING_SECRET, as receivers refuse old signatures.');
  }
  if (url.includes('****')) {
    notes.push('Your role does not show the query of the URL: put it in place of ****.');
  }
  return notes;
}
