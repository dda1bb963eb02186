import { notifications } from '@mantine/notifications';
import type { components } from '../api/__generated__/schema';
import { ActionButton } from './action-button';
import { curlNotes, curlOf } from './curl';

type Attempt = components['schemas']['Attempt'];

/** Copies an attempt as commands for a shell, and says what is left to do before they run. */
export function CurlButton({ attempt }: { attempt: Attempt }) {
  const { url, request_headers: headers, request_body: body } = attempt;
  async function copy() {
    if (body === null) return;
    try {
      await navigator.clipboard.writeText(curlOf({ url, headers, body }));
      const message = curlNotes({ url, headers }).join(' ') || 'Paste it into a shell.';
      notifications.show({ title: `Copied attempt ${attempt.number} as cURL`, message });
    } catch {
      notifications.show({ color: 'red', message: 'This browser does not let us copy.' });
    }
  }
  return (
    <ActionButton
      variant="default"
      onClick={copy}
      disabledReason={body === null ? 'The body is no longer kept.' : undefined}
    >
      Copy as cURL
    </ActionButton>
  );
}
