import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

type Props = ButtonProps & {
  onClick?: () => void;
  type?: 'button' | 'submit';
  /** Why it cannot be used now. It stays where it is and says so. */
  disabledReason?: string;
  children: ReactNode;
};

/** A button that says why it is disabled: to the mouse, to the keyboard and to screen readers. */
export function ActionButton({ disabledReason, onClick, type = 'button', children, ...rest }: Props) {
  if (!disabledReason) {
    return (
      <Button {...rest} type={type} onClick={onClick}>
        {children}
      </Button>
    );
  }
  return (
    <Tooltip label={disabledReason} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...rest}
        type="button"
        data-disabled
        aria-disabled
        aria-description={disabledReason}
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
