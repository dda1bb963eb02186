import { Anchor, Text, TextInput } from '@mantine/core';
import { Link } from 'react-router';
import type { Owner } from '../api/endpoints';
import type { Dialect } from '../pages/dialects';
import { useEndpointsOf } from '../pages/endpoints';
import { paths } from '../path-builder';

type Props = {
  owner: Owner;
  endpointId?: string;
  dialect: Dialect;
  value: string;
  onChange: (url: string) => void;
  error?: string;
};

/** Where requests go, and what is known of that place already. */
export function UrlField({ owner, endpointId, value, onChange, error }: Props) {
  const endpoints = useEndpointsOf(owner);
  const url = URL.parse(value.trim())?.href;
  const same = endpoints.data?.data.find((one) => one.url === url && one.id !== endpointId);
  return (
    <div>
      <TextInput
        label="URL"
        type="url"
        placeholder="https://hooks.example.com/…"
        value={value}
        error={error}
        onChange={(event) => onChange(event.currentTarget.value)}
        required
      />
      {same && (
        <Text size="sm" mt={4}>
          <span aria-hidden>! </span>
          <Anchor component={Link} underline="always" to={paths.endpointOf(owner, same.id)} target="_blank">
            Another endpoint
          </Anchor>{' '}
          has this URL already: the receiver would get every event twice.
        </Text>
      )}
    </div>
  );
}
