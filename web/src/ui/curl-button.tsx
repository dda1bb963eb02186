import { notifications } from '@mantine/notifications';
import type { components } from '../api/__generated__/schema';
import { ActionButton } from './action-button';
import { curlNotes, curlOf } from './curl';

type Attempt = components['schemas']['Attempt'];

/** Copies an attempt as commands for a shell, and says what is left to do before they run. */
export async function copyCurl({ number, url, request_headers: headers, request_body: body }: Attempt) {
  if (body === null) {
    notifications.show({ message: noCurl });
    return;
  }
  try {
    await navigator.clipboard.writeText(curlOf({ url, headers, body }));
    const message = curlNotes({ url, headers }).join(' ') || 'Paste it into a shell.';
    notifications.show({ title: `Copied attempt ${number} as cURL`, message });
  } catch {
    notifications.show({ color: 'red', message: 'This browser does not let us copy.' });
  }
}

const noCurl = 'The body is no longer kept.';

export function CurlButton({ attempt }: { attempt: Attempt }) {
  return (
    <ActionButton
      variant="default"
      onClick={() => copyCurl(attempt)}
      disabledReason={attempt.request_body === null ? noCurl : undefined}
    >
      Copy as cURL
    </ActionButton>
  );
}
