import { Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { api, data } from '../api/client';
import type { Owner } from '../api/endpoints';
import { useEndpointsOf } from '../pages/endpoints';
import { paths } from '../path-builder';
import { NewTab } from '../ui/new-tab';
import { UrlReach } from './url-reach';

type Props = {
  owner: Owner;
  endpointId?: string;
  value: string;
  onChange: (url: string) => void;
  error?: string;
};

/** Shorter than any URL: nobody wants to be told that they have not finished. */
const SHORTEST = 'https://a.b'.length;

/** Where requests go, and what is to be said of that place while it is typed. */
export function UrlField({ owner, endpointId, value, onChange, error }: Props) {
  const typed = value.trim();
  const verdict = useVerdict(owner, typed);
  const endpoints = useEndpointsOf(owner);
  const url = verdict?.url ?? URL.parse(typed)?.href;
  const same = endpoints.data?.data.find((one) => one.url === url && one.id !== endpointId);
  return (
    <Stack gap={6}>
      <TextInput
        label="URL"
        type="url"
        placeholder="https://hooks.example.com/…"
        value={value}
        error={error ?? (verdict?.refusal && sentence(verdict.refusal.detail))}
        onChange={(event) => onChange(event.currentTarget.value)}
        required
      />
      <Text size="sm" role="status" aria-label="Verdict">
        {verdict?.accepted && (
          <>
            <span aria-hidden>✓ </span>
            {verdict.url === typed ? (
              'It can be used as it is.'
            ) : (
              <>
                It can be used, and is kept as <bdi>{verdict.url}</bdi>
              </>
            )}
          </>
        )}
      </Text>
      {same && (
        <Text size="sm">
          <span aria-hidden>! </span>
          <NewTab href={paths.endpointOf(owner, same.id)}>Another endpoint</NewTab>{' '}
          has this URL already: the receiver would get an event twice.
        </Text>
      )}
      {owner.merchantId !== undefined && (
        <UrlReach merchantId={owner.merchantId} url={typed} isAccepted={verdict?.accepted ?? false} />
      )}
    </Stack>
  );
}

/** Whether an endpoint may have the URL, once somebody has stopped typing. Only merchants may ask. */
function useVerdict(owner: Owner, typed: string) {
  const [url] = useDebouncedValue(typed, 300);
  const merchant_id = owner.merchantId ?? '';
  const check = useQuery({
    queryKey: ['url-verdict', merchant_id, url],
    enabled: owner.merchantId !== undefined && url.length >= SHORTEST,
    staleTime: 60_000,
    retry: false,
    queryFn: () =>
      data(
        api.POST('/v1/merchants/{merchant_id}/endpoint-checks', {
          params: { path: { merchant_id } },
          body: { url, reach: false },
        }),
      ),
  });
  return url === typed ? check.data : undefined;
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
