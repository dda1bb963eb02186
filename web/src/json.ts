// JSON that keeps its spelling. Every value knows where it stands in the text, so a number keeps each of its digits and
// what is copied or sent is what was written.

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export type JsonNode = {
  kind: JsonKind;
  /** Where it stands in the text. */
  start: number;
  end: number;
  /** What its object calls it, without quotes and escapes. */
  key?: string;
  /** The members of an object, or the items of an array. */
  children: JsonNode[];
};

/** Deeper than any payload; a text made to be deep must not exhaust the stack. */
const MAX_DEPTH = 200;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  document(): JsonNode {
    const node = this.value(0);
    if (this.at < this.text.length) this.refuse();
    return node;
  }

  private value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
    this.skip();
    const start = this.at;
    const first = this.text[start];
    let kind: JsonKind;
    let children: JsonNode[] = [];
    if (first === '{') {
      kind = 'object';
      children = this.items('}', () => this.member(depth + 1));
    } else if (first === '[') {
      kind = 'array';
      children = this.items(']', () => this.value(depth + 1));
    } else if (first === '"') {
      kind = 'string';
      this.take(STRING);
    } else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) {
      kind = 'number';
      this.take(NUMBER);
    } else {
      kind = this.take(WORD) === 'null' ? 'null' : 'boolean';
    }
    const end = this.at;
    this.skip();
    return { kind, start, end, children };
  }

  private items(close: string, item: () => JsonNode): JsonNode[] {
    const items: JsonNode[] = [];
    this.at += 1;
    this.skip();
    if (this.text[this.at] === close) {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(item());
      const next = this.text[this.at];
      if (next !== ',' && next !== close) this.refuse();
      this.at += 1;
      if (next === close) return items;
    }
  }

  private member(depth: number): JsonNode {
    this.skip();
    const key = JSON.parse(this.take(STRING)) as string;
    this.skip();
    if (this.text[this.at] !== ':') this.refuse();
    this.at += 1;
    return { ...this.value(depth), key };
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)?.[0].length ?? 0;
  }

  private take(token: RegExp): string {
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[0];
    if (found === undefined) return this.refuse();
    this.at += found.length;
    return found;
  }

  private refuse(): never {
    throw new SyntaxError(`no JSON from character ${this.at + 1} on`);
  }
}

/** The tree of a JSON text. Throws a `SyntaxError` for what is none. */
export function parseJson(text: string): JsonNode {
  return new Reader(text).document();
}

/** The same, or nothing. */
export function tryParseJson(text: string): JsonNode | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A value as it is spelled in a JSON text, found by keys and indices: `spelled(text, 'data', 0, 'example')`. */
export function spelled(text: string, ...path: (string | number)[]): string | undefined {
  let node: JsonNode | undefined = tryParseJson(text);
  for (const step of path) {
    node =
      typeof step === 'number'
        ? node?.children[step]
        : node?.children.findLast((child) => child.key === step);
  }
  return node && text.slice(node.start, node.end);
}

/** A JSON text on lines of its own, each value spelled as it was; what is no JSON stays as it is. */
export function indented(text: string): string {
  const root = tryParseJson(text);
  if (!root) return text;
  const write = (node: JsonNode, margin: string): string => {
    if (node.children.length === 0) return text.slice(node.start, node.end);
    const inner = `${margin}  `;
    const items = node.children.map((child) => {
      const name = child.key === undefined ? '' : `${JSON.stringify(child.key)}: `;
      return inner + name + write(child, inner);
    });
    const [open, close] = node.kind === 'array' ? '[]' : '{}';
    return `${open}\n${items.join(',\n')}\n${margin}${close}`;
  };
  return write(root, '');
}
