import type { components } from '../api/__generated__/schema';

type Shopper = components['schemas']['Shopper'];

/** What to call a shopper. */
export function shopperName(shopper: Shopper | null): string {
  if (!shopper) return 'Anonymous';
  const full = [shopper.first_name, shopper.last_name].filter(Boolean).join(' ');
  return full || shopper.email || phoneOf(shopper) || shopper.contact_id;
}

/** A shopper's phone number with its dial code. */
export function phoneOf({ dial_code, phone }: Shopper): string | null {
  return phone && (dial_code ? `+${dial_code} ${phone}` : phone);
}
