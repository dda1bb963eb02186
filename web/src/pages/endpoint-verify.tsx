import { Alert, Anchor, List, Select, Stack, Text } from '@mantine/core';
import { Link, useSearchParams } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { paths } from '../path-builder';
import { LANGUAGES, type Language, snippet } from '../snippets/languages';
import { CodeBlock } from '../ui/code-block';
import { dialectInfo } from './dialects';
import { SignatureCheck } from './signature-check';

/** How a receiver knows that a request is genuine, in its language. */
export function EndpointVerify({ owner, endpoint }: { owner: Owner; endpoint: Endpoint }) {
  const [search, setSearch] = useSearchParams();
  const language = LANGUAGES.find((one) => one === search.get('language')) ?? 'JavaScript';
  const plainHeader = dialectInfo(endpoint.dialect).secretHeader;
  const choose = (chosen: Language) =>
    setSearch({ tab: 'verify', language: chosen }, { replace: true });
  return (
    <Stack maw={860}>
      {!endpoint.signed && (
        <Alert color="orange" title="No signature is sent">
          This endpoint's signature headers are switched off.{' '}
          <Anchor component={Link} size="sm" underline="always" to={paths.editEndpoint(owner, endpoint.id)}>
            Switch them on
          </Anchor>{' '}
          to verify requests like this.
        </Alert>
      )}
      <List size="sm" spacing={4}>
        <List.Item>
          <b>webhook-signature</b> carries one or several signatures, <code>v1,</code> and base64 each, with
          spaces between. One that fits is enough: while a secret is replaced, both sign.
        </List.Item>
        <List.Item>
          Each is the HMAC-SHA256 of <b>webhook-id</b>, <b>webhook-timestamp</b> and the body as it came, with
          dots between; the key is what the signing secret says in base64 after <code>whsec_</code>.
        </List.Item>
        <List.Item>
          Refuse what is more than 5 minutes old, compare in constant time, and tell repeats by{' '}
          <b>webhook-id</b>.
        </List.Item>
        {plainHeader && (
          <List.Item>
            <b>{plainHeader}</b> carries the secret itself.
          </List.Item>
        )}
      </List>
      <Select
        label="Language"
        data={LANGUAGES}
        value={language}
        allowDeselect={false}
        onChange={(value) => choose(value as Language)}
        w={200}
      />
      <CodeBlock
        title={`${language} code`}
        text={snippet(language, { url: endpoint.url, plainHeader })}
        mah="none"
      />
      <Text size="sm">
        The secrets are under{' '}
        <Anchor component={Link} size="sm" underline="always" to={paths.endpointOf(owner, endpoint.id, 'secret')}>
          Secret
        </Anchor>
        . Keep them out of the code.
      </Text>
      <SignatureCheck owner={owner} endpoint={endpoint} />
    </Stack>
  );
}
