const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/** When an id of ours was made, in milliseconds: the first 48 of its 128 bits say so. */
export function madeAt(id: string): number {
  // 26 digits of 5 bits hold 130: the two that lead are none of the id's. Ten digits hold those two and the time.
  const digits = id.slice(id.lastIndexOf('_') + 1, id.lastIndexOf('_') + 11);
  return [...digits].reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0);
}
