import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { words } from '../api/errors';

/** Asks before something that is not easily undone; where `typed` is given, its name must be typed. */
export function Confirm({
  title,
  action,
  typed,
  danger = true,
  busy,
  error,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  action: string;
  typed?: string;
  danger?: boolean;
  busy: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const [text, setText] = useState('');
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack>
        {children}
        {typed !== undefined && (
          <TextInput
            label={
              <>
                Type <bdi>{typed}</bdi> to confirm
              </>
            }
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {error != null && (
          <Alert color="red" role="alert">
            {words(error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button
            color={danger ? 'red' : undefined}
            disabled={typed !== undefined && text.trim() !== typed.trim()}
            loading={busy}
            onClick={onConfirm}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
