// A stream of server-sent events, followed for as long as somebody wants it, and taken up again where it ended.
// (`EventSource` would send no Authorization.)

import { Failure } from './errors';
import { EventReader, type ServerEvent } from './sse';

/** The first wait before it is tried again, and the longest. */
const WAIT = 1_000;
const WAIT_MAX = 30_000;

export type Following = {
  /** Asks for what came after an event; after none, for what happens from now on. */
  open: (after: string | undefined) => Promise<ReadableStream<Uint8Array>>;
  signal: AbortSignal;
  onEvent: (event: ServerEvent) => void;
  /** Whether events come now. It is said anew whenever the stream has begun again. */
  onState: (isLive: boolean) => void;
  /** Only tests give another. */
  wait?: (ms: number) => Promise<void>;
};

/** Ends when it is no longer wanted. What the API refuses for good is thrown. */
export async function follow({ open, signal, onEvent, onState, wait = sleep }: Following): Promise<void> {
  let after: string | undefined;
  let pause = WAIT;
  while (!signal.aborted) {
    try {
      const stream = await open(after);
      onState(true);
      pause = WAIT;
      for await (const event of eventsOf(stream, signal)) {
        after = event.id || after;
        onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
      onState(false);
    }
    if (signal.aborted) return;
    // Not all at once after a restart of the server.
    await wait(pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, WAIT_MAX);
  }
}

function isFinal(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  return error.status < 500 && error.status !== 408 && error.status !== 429;
}

async function* eventsOf(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const source = stream.getReader();
  const decoder = new TextDecoder();
  const events = new EventReader();
  const stop = () => void source.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop);
  try {
    for (;;) {
      const { done, value } = await source.read();
      if (done) return;
      yield* events.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
