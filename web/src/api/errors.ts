// The one place where failures become words.

import type { components } from './__generated__/schema';

export type Problem = components['schemas']['Problem'];

/** A request that was refused, or got no answer. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly problem?: Problem,
  ) {
    super(message);
  }

  /** What is wrong with a field of a form, by its JSON pointer. */
  field(pointer: string): string | undefined {
    return this.problem?.errors?.find((error) => error.pointer === pointer)?.detail;
  }

  get requestId(): string | undefined {
    return this.problem?.request_id;
  }
}

/** A failure out of what the API answered. */
export function failureOf(status: number, body: unknown): Failure {
  const problem = isProblem(body) ? body : undefined;
  return new Failure(status, problem?.detail ?? problem?.title ?? `The server answered ${status}.`, problem);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'type' in body && 'title' in body;
}

/** Any failure in words. */
export function words(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (error instanceof TypeError) return 'The server cannot be reached.';
  return String(error);
}
