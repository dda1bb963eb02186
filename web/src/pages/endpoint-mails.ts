import type { Endpoint } from '../api/endpoints';

type Told = Pick<Endpoint, 'merchant_id' | 'disabled_reason'>;

/** What happens when an endpoint goes on failing, and who is mailed about it. */
export function ifItGoesOn({ merchant_id }: Pick<Endpoint, 'merchant_id'>): string {
  return merchant_id === null
    ? 'If it goes on failing for days it is disabled. Nobody is mailed about an app’s endpoint.'
    : 'If it goes on failing for days it is disabled. Where this server sends mail, the merchant’s owners and ' +
        'developers are mailed half-way to that, and again when it is disabled.';
}

/** Who was mailed when an endpoint was disabled; nothing where that is nobody. */
export function whoWasMailed({ merchant_id, disabled_reason: why }: Told): string | undefined {
  if (merchant_id === null || (why !== 'failing' && why !== 'gone')) return undefined;
  return 'Where this server sends mail, the merchant’s owners and developers are mailed about it.';
}
