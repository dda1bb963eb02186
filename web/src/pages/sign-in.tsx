import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { failureOf, words } from '../api/errors';
import { signIn } from '../api/session';
import { paths } from '../path-builder';
import { Card } from '../ui/card';

export function SignIn() {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const [search] = useSearchParams();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError('');
    try {
      const answer = await signIn(String(form.get('email')), String(form.get('password')));
      if (!answer.ok) throw failureOf(answer.status, await answer.json());
      navigate(own(search.get('next')), { replace: true });
    } catch (failure) {
      setError(words(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Card title="Sign in to Hookyard">
      <form onSubmit={submit}>
        <Stack>
          {error && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          <TextInput name="email" label="Email" autoComplete="username" required autoFocus />
          <PasswordInput
            name="password"
            label="Password"
            autoComplete="current-password"
            required
          />
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

/** Where to go afterwards: a page of ours only. */
function own(next: string | null): string {
  return next?.startsWith('/') && !next.startsWith('//') ? next : paths.home();
}
