import { Failure } from '../api/errors';

/** What is wrong with a field or with anything in it, in words for beside the field. */
export function faultAt(error: unknown, pointer: string): string | undefined {
  if (!(error instanceof Failure)) return undefined;
  const found = error.problem?.errors?.filter(
    (one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`),
  );
  const texts = found?.map((one) => one.detail) ?? [];
  return texts.length > 0 ? [...new Set(texts)].map(sentence).join(' ') : undefined;
}

const sentence = (text: string) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.?]$/.test(text) ? '' : '.');
