/** How much of a text may be what text does not have. */
const SHARE = 0.1;

/** Whether something was read as text that is none: an image, or what is compressed. */
export function isBinary(text: string): boolean {
  const odd = text.match(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/g)?.length ?? 0;
  return odd > text.length * SHARE;
}
