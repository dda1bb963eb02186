import { Alert, Loader } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { failureOf, words } from '../api/errors';
import { openPortal } from '../api/session';
import { paths } from '../path-builder';
import { Card, tokenOfLink } from '../ui/card';

/** Where a portal link leads: it is used up and becomes a login. */
export function PortalPage() {
  const [error, setError] = useState('');
  const navigate = useNavigate();
  const begun = useRef(false);

  useEffect(() => {
    // Once: the link is good for one use.
    if (begun.current) return;
    begun.current = true;
    openPortal(tokenOfLink)
      .then(async (answer) => {
        if (!answer.ok) throw failureOf(answer.status, await answer.json());
        navigate(paths.home(), { replace: true });
      })
      .catch((failure) => setError(words(failure)));
  }, [navigate]);

  return (
    <Card title="Webhooks">
      {error ? (
        <Alert color="red" role="alert">
          {error} Go back to where you came from and follow the link again.
        </Alert>
      ) : (
        <Loader aria-label="Opening" />
      )}
    </Card>
  );
}
