// The rows of a JSON tree: which are shown while some are folded, which match a search, and how a place is spelled.

import type { JsonNode } from '../json';

export type Row = {
  node: JsonNode;
  depth: number;
  /** Where it stands among its parent's children, from 0, and how many those are. */
  index: number;
  of: number;
  parent?: Row;
};

/** Every value of the tree, in the order of the text. */
export function rowsOf(root: JsonNode): Row[] {
  const rows: Row[] = [];
  const add = (node: JsonNode, depth: number, index: number, of: number, parent?: Row) => {
    const row: Row = { node, depth, index, of, parent };
    rows.push(row);
    node.children.forEach((child, place) => add(child, depth + 1, place, node.children.length, row));
  };
  add(root, 0, 0, 1);
  return rows;
}

export const isBranch = (node: JsonNode): boolean => node.children.length > 0;

/** The rows that no folded ancestor hides. */
export function shownRows(rows: Row[], folded: ReadonlySet<JsonNode>): Row[] {
  if (folded.size === 0) return rows;
  const shown: Row[] = [];
  let hiddenBelow = Infinity;
  for (const row of rows) {
    if (row.depth > hiddenBelow) continue;
    shown.push(row);
    hiddenBelow = folded.has(row.node) ? row.depth : Infinity;
  }
  return shown;
}

/** What a leaf says, as it is spelled; strings without their quotes, so that words are found. */
export function leafText(node: JsonNode, text: string): string {
  const spelled = text.slice(node.start, node.end);
  return node.kind === 'string' ? unescaped(spelled) : spelled;
}

function unescaped(spelled: string): string {
  return spelled.includes('\\') ? (JSON.parse(spelled) as string) : spelled.slice(1, -1);
}

/** The rows whose key or value holds what is searched for, whatever its case. */
export function matches(rows: Row[], text: string, search: string): Row[] {
  const wanted = search.toLowerCase();
  if (!wanted) return [];
  return rows.filter(
    ({ node }) =>
      node.key?.toLowerCase().includes(wanted) ||
      (!isBranch(node) && leafText(node, text).toLowerCase().includes(wanted)),
  );
}

/** How a value is reached, in the way of JSONPath: `$.cart.items[0]["odd key"]`. */
export function pathOf(row: Row): string {
  if (!row.parent) return '$';
  const { key } = row.node;
  const step =
    key === undefined
      ? `[${row.index}]`
      : /^[A-Za-z_$][\w$]*$/.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`;
  return pathOf(row.parent) + step;
}

/** All that stands above a row. */
export function ancestors(row: Row): Row[] {
  return row.parent ? [row.parent, ...ancestors(row.parent)] : [];
}
