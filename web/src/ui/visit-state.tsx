import { Badge } from '@mantine/core';
import type { components } from '../api/__generated__/schema';

type State = components['schemas']['SessionState'] | components['schemas']['CheckoutState'];

const LOOK: Record<State, { color: string; sign: string; word: string }> = {
  active: { color: 'blue', sign: '●', word: 'active' },
  open: { color: 'blue', sign: '●', word: 'open' },
  converted: { color: 'green', sign: '✓', word: 'converted' },
  completed: { color: 'green', sign: '✓', word: 'completed' },
  abandoned: { color: 'orange', sign: '!', word: 'abandoned' },
  superseded: { color: 'gray', sign: '⤼', word: 'superseded' },
  expired_anonymous: { color: 'gray', sign: '–', word: 'ended, anonymous' },
};

/** Where a session or a checkout stands: in a word and a sign, not by colour alone. */
export function VisitState({ state }: { state: State }) {
  const { color, sign, word } = LOOK[state];
  return (
    <Badge variant="light" color={color} leftSection={<span aria-hidden>{sign}</span>} autoContrast>
      {word}
    </Badge>
  );
}
