import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useId, useRef } from 'react';
import type { JsonKind, JsonNode } from '../json';
import { type Row, isBranch } from './json-tree';
import classes from './json-view.module.css';

const LINE = 22;
/** A row shows the beginning of a long value; all of it stands below the tree once it is chosen. */
const SHOWN = 300;
const LOOK: Record<JsonKind, string | undefined> = {
  object: classes.quiet,
  array: classes.quiet,
  string: classes.string,
  number: classes.number,
  boolean: classes.word,
  null: classes.word,
};

type Props = {
  text: string;
  label: string;
  rows: Row[];
  folded: ReadonlySet<JsonNode>;
  hits: ReadonlySet<Row>;
  chosen: Row | undefined;
  onChoose: (row: Row) => void;
  onFold: (row: Row, fold: boolean) => void;
};

/** The rows of a JSON tree. Only those in view are drawn, so that large bodies stay quick. */
export function JsonRows({ text, label, rows, folded, hits, chosen, onChoose, onFold }: Props) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const at = chosen ? rows.indexOf(chosen) : -1;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 30,
  });
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);

  function press(event: KeyboardEvent) {
    const next = step(event.key, rows, at, folded);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (next.fold === undefined) onChoose(next.row);
    else onFold(next.row, next.fold);
  }

  return (
    <div
      ref={scroller}
      role="tree"
      aria-label={label}
      aria-activedescendant={at >= 0 ? `${id}${at}` : undefined}
      tabIndex={0}
      className={classes.tree}
      onKeyDown={press}
    >
      <div role="none" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]!;
          const { node } = row;
          const open = isBranch(node) ? !folded.has(node) : undefined;
          return (
            <div
              key={node.start}
              id={`${id}${index}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-posinset={row.index + 1}
              aria-setsize={row.of}
              aria-expanded={open}
              aria-selected={index === at}
              data-hit={hits.has(row) || undefined}
              className={classes.row}
              style={{ transform: `translateY(${start}px)`, paddingInlineStart: row.depth * 16 }}
              onClick={() => onChoose(row)}
            >
              <span
                className={classes.fold}
                aria-hidden
                onClick={() => open !== undefined && onFold(row, open)}
              >
                {open === undefined ? '' : open ? '▾' : '▸'}
              </span>
              <RowText row={row} text={text} open={open} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function RowText({ row: { node }, text, open }: { row: Row; text: string; open?: boolean }) {
  return (
    <span className={classes.text}>
      {node.key !== undefined && (
        <>
          <bdi>{node.key}</bdi>
          <span className={classes.quiet}>: </span>
        </>
      )}
      <bdi className={LOOK[node.kind]}>{open === undefined ? beginning(node, text) : size(node)}</bdi>
    </span>
  );
}

function beginning({ start, end }: JsonNode, text: string): string {
  return end - start > SHOWN ? `${text.slice(start, start + SHOWN)}…` : text.slice(start, end);
}

function size({ kind, children }: JsonNode): string {
  const count = children.length.toLocaleString();
  if (kind === 'array') return `[ ${count} ${children.length === 1 ? 'item' : 'items'} ]`;
  return `{ ${count} ${children.length === 1 ? 'field' : 'fields'} }`;
}

/** What a key does in a tree, as the ARIA practices have it. */
function step(
  key: string,
  rows: Row[],
  at: number,
  folded: ReadonlySet<JsonNode>,
): { row: Row; fold?: boolean } | undefined {
  const row = rows[at];
  const to = (index: number) => {
    const next = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    return next && { row: next };
  };
  if (key === 'ArrowDown') return to(at + 1);
  if (key === 'ArrowUp') return to(at - 1);
  if (key === 'Home') return to(0);
  if (key === 'End') return to(rows.length - 1);
  if (!row) return undefined;
  const open = isBranch(row.node) && !folded.has(row.node);
  if (key === 'ArrowLeft') return open ? { row, fold: true } : row.parent && { row: row.parent };
  if (!isBranch(row.node)) return undefined;
  if (key === 'ArrowRight') return open ? to(at + 1) : { row, fold: false };
  return key === 'Enter' || key === ' ' ? { row, fold: open } : undefined;
}
