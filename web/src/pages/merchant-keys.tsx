import { Stack, Title } from '@mantine/core';
import { useParams } from 'react-router';
import { Forbidden } from '../ui/forbidden';
import { useRefusal } from './access';
import { ApiKeys } from './api-keys';

/** How programs get into a merchant. */
export function MerchantKeys() {
  const { merchantId = '' } = useParams();
  const refusal = useRefusal({ merchantId });
  if (refusal({ platform: 'viewer', merchant: 'developer' })) {
    return <Forbidden title="API keys" whom="developers and owners of the merchant" />;
  }
  return (
    <Stack>
      <Title order={1} size="h2">
        API keys
      </Title>
      <ApiKeys holder={{ merchantId }} />
    </Stack>
  );
}
