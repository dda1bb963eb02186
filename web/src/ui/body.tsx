import { Button, Group, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { tryParseJson } from '../json';
import { Copy } from './copy';
import { JsonView } from './json-view';
import classes from './json-view.module.css';
import { isBinary } from './binary';

/** A body of a request or a response: text, and nothing else. */
export function Body({ text, label }: { text: string; label: string }) {
  const isTree = useMemo(() => (tryParseJson(text)?.children.length ?? 0) > 0, [text]);
  const [asked, setAsked] = useState(false);
  if (isTree) return <JsonView text={text} label={label} />;
  if (isBinary(text) && !asked) {
    return (
      <Group gap="xs">
        <Text size="sm">It is no text: {text.length.toLocaleString()} characters of it could be read.</Text>
        <Button size="compact-xs" variant="default" onClick={() => setAsked(true)}>
          Show them
        </Button>
      </Group>
    );
  }
  return (
    <div className={classes.frame} role="group" aria-label={label}>
      <Group className={classes.bar} justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          Text
        </Text>
        <Copy text={text} what={label.toLowerCase()} />
      </Group>
      <pre className={classes.raw} tabIndex={0} role="region" aria-label={`${label}, as text`} dir="auto">
        {text}
      </pre>
    </div>
  );
}
