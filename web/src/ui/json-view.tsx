import { Button, CopyButton, Group, SegmentedControl, Text, TextInput } from '@mantine/core';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { type JsonNode, parseJson } from '../json';
import { Copy } from './copy';
import { JsonRows } from './json-rows';
import { type Row, ancestors, isBranch, leafText, matches, pathOf, rowsOf, shownRows } from './json-tree';
import classes from './json-view.module.css';

/** JSON to read: as a tree, or as it was written. Numbers keep their digits in both. `text` must be JSON. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const [mode, setMode] = useState('tree');
  return (
    <div className={classes.frame} role="group" aria-label={label}>
      <Group className={classes.bar} justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={`How to show ${label.toLowerCase()}`}
          data={[
            { value: 'tree', label: 'Tree' },
            { value: 'raw', label: 'Raw' },
          ]}
          value={mode}
          onChange={setMode}
        />
        <Copy text={text} what={label.toLowerCase()} />
      </Group>
      {mode === 'raw' ? (
        <pre className={classes.raw} tabIndex={0} role="region" aria-label={`${label}, raw`}>
          {text}
        </pre>
      ) : (
        <Tree text={text} label={label} key={text} />
      )}
    </div>
  );
}

const NONE: ReadonlySet<JsonNode> = new Set();

function Tree({ text, label }: { text: string; label: string }) {
  const rows = useMemo(() => rowsOf(parseJson(text)), [text]);
  const [folded, setFolded] = useState(NONE);
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<Row>();
  const hits = useMemo(() => matches(rows, text, search), [rows, text, search]);
  const shown = useMemo(() => shownRows(rows, folded), [rows, folded]);

  function fold(row: Row, on: boolean) {
    const next = new Set(folded);
    if (on) next.add(row.node);
    else next.delete(row.node);
    setFolded(next);
    setChosen(row);
  }

  function reveal(row: Row | undefined) {
    if (!row) return;
    const above = ancestors(row);
    if (above.some(({ node }) => folded.has(node))) {
      const next = new Set(folded);
      for (const { node } of above) next.delete(node);
      setFolded(next);
    }
    setChosen(row);
  }

  return (
    <>
      <Group className={classes.bar} gap="xs">
        <Search
          label={label}
          search={search}
          hits={hits}
          chosen={chosen}
          onSearch={(wanted) => {
            setSearch(wanted);
            reveal(matches(rows, text, wanted)[0]);
          }}
          onGo={reveal}
        />
        <Button size="compact-xs" variant="default" onClick={() => setFolded(NONE)}>
          Unfold all
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() =>
            setFolded(new Set(rows.filter((row) => row.depth > 0 && isBranch(row.node)).map((row) => row.node)))
          }
        >
          Fold all
        </Button>
      </Group>
      <JsonRows
        text={text}
        label={`${label}, as a tree`}
        rows={shown}
        folded={folded}
        hits={useMemo(() => new Set(hits), [hits])}
        chosen={chosen}
        onChoose={setChosen}
        onFold={fold}
      />
      {chosen && <Chosen row={chosen} text={text} />}
    </>
  );
}

function Search({
  label,
  search,
  hits,
  chosen,
  onSearch,
  onGo,
}: {
  label: string;
  search: string;
  hits: Row[];
  chosen: Row | undefined;
  onSearch: (search: string) => void;
  onGo: (row: Row | undefined) => void;
}) {
  const at = chosen ? hits.indexOf(chosen) : -1;
  function press(event: KeyboardEvent) {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const step = event.shiftKey ? -1 : 1;
    onGo(hits[(at + step + hits.length) % hits.length]);
  }
  return (
    <Group gap="xs" style={{ flex: 1 }} miw={200}>
      <TextInput
        size="xs"
        placeholder="Find a field or a value"
        aria-label={`Find in ${label.toLowerCase()}`}
        value={search}
        onChange={(event) => onSearch(event.currentTarget.value)}
        onKeyDown={press}
        style={{ flex: 1 }}
      />
      <Text size="xs" aria-live="polite">
        {search && (hits.length === 0 ? 'not found' : `${at + 1} of ${hits.length}`)}
      </Text>
    </Group>
  );
}

/** The value that was chosen: all of it, and how it is reached. */
function Chosen({ row, text }: { row: Row; text: string }) {
  const path = pathOf(row);
  const { node } = row;
  const value = isBranch(node) ? text.slice(node.start, node.end) : leafText(node, text);
  return (
    <div className={classes.chosen}>
      <Group gap="xs">
        <bdi>{path}</bdi>
        <CopyText text={path} label="Copy path" />
        <CopyText text={value} label="Copy value" />
      </Group>
      {!isBranch(node) && node.end - node.start > 60 && <bdi>{value}</bdi>}
    </div>
  );
}

function CopyText({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button size="compact-xs" variant="default" onClick={copy}>
          {copied ? 'Copied' : label}
        </Button>
      )}
    </CopyButton>
  );
}
