import { Alert, Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { Failure, words } from '../api/errors';
import { paths } from '../path-builder';
import { Card, tokenOfLink } from '../ui/card';

type Props = {
  title: string;
  hint: string;
  action: string;
  done: string;
  submit: (token: string, password: string) => Promise<unknown>;
};

/** A page of a link that is good once and asks for a password. */
export function TokenForm({ title, hint, action, done, submit }: Props) {
  const [failure, setFailure] = useState<unknown>();
  const [state, setState] = useState<'asking' | 'busy' | 'done'>('asking');

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setState('busy');
    setFailure(undefined);
    try {
      await submit(tokenOfLink, String(new FormData(event.currentTarget).get('password')));
      setState('done');
    } catch (error) {
      setFailure(error);
      setState('asking');
    }
  }

  if (state === 'done') {
    return (
      <Card title={title}>
        <Text role="status">{done}</Text>
        <Anchor component={Link} to={paths.signIn()}>
          Sign in
        </Anchor>
      </Card>
    );
  }
  const field = failure instanceof Failure ? failure.field('/password') : undefined;
  return (
    <Card title={title}>
      <form onSubmit={send}>
        <Stack>
          {failure !== undefined && !field && (
            <Alert color="red" role="alert">
              {words(failure)}
            </Alert>
          )}
          <PasswordInput
            name="password"
            label="Password"
            description={hint}
            error={field && `This ${field}`}
            autoComplete="new-password"
            required
            autoFocus
          />
          <Button type="submit" loading={state === 'busy'}>
            {action}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
