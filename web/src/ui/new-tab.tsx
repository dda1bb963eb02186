import { Anchor, VisuallyHidden } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** A link that leaves this page as it is, and says so. */
export function NewTab({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noopener" underline="always" inherit>
      {children}
      <VisuallyHidden> (opens in a new tab)</VisuallyHidden>
      <IconExternalLink size="0.9em" aria-hidden style={{ verticalAlign: '-0.1em', marginInlineStart: 4 }} />
    </Anchor>
  );
}
