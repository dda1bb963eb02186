export type Place = {
  url: string;
  /** The header that carries the plain secret, where the endpoint's format has one. */
  plainHeader?: string;
};

/** The argument for the plain secret, as each language spells it, and what stays without it. */
const UNUSED = [
  [', secret }', ' }'],
  ['; secret: string }', ' }'],
  [', secret=""', ''],
  [", string $secret = ''", ''],
  [', secret = ""', ''],
  [', secret string)', ' string)'],
  [', secret: &str', ''],
  [', String secret)', ')'],
  [', string secret)', ')'],
  [', secret \\\\ ""', ''],
] as const;

/** A source fitted to an endpoint. Without a plain header, what compares it is left out. */
export function fitted(source: string, { url, plainHeader }: Place): string {
  const text = source.replace('{{url}}', () => url.replace(/[\r\n]/g, ''));
  if (plainHeader) {
    return text
      .replace(/^.*plain:(begin|end).*\n/gm, '')
      .replace('{{plain_header}}', plainHeader.toLowerCase());
  }
  const bare = text.replace(/^.*plain:begin.*\n[\s\S]*?plain:end.*\n/m, '');
  return UNUSED.reduce((left, [argument, rest]) => left.replace(argument, rest), bare);
}
