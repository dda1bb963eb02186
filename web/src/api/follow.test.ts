import { expect, test } from 'vitest';
import { Failure } from './errors';
import { follow } from './follow';

const body = (text: string) => new Blob([text]).stream() as ReadableStream<Uint8Array>;

/** Follows what these answer in turn, until there are no more. */
async function run(answers: (() => ReadableStream<Uint8Array>)[]) {
  const control = new AbortController();
  const heard: string[] = [];
  const asked: (string | undefined)[] = [];
  const states: boolean[] = [];
  const waits: number[] = [];
  await follow({
    signal: control.signal,
    open: async (after) => {
      asked.push(after);
      const answer = answers.shift();
      if (!answer) {
        control.abort();
        throw new TypeError('gone');
      }
      return answer();
    },
    onEvent: ({ data }) => heard.push(data),
    onState: (isLive) => states.push(isLive),
    wait: async (ms) => void waits.push(ms),
  });
  return { heard, asked, states, waits };
}

const lost = () => {
  throw new TypeError('Failed to fetch');
};

test('a stream that ends is taken up again after what was heard last', async () => {
  const { heard, asked, states } = await run([
    () => body('id: d1\ndata: a\n\nid: d2\ndata: b\n\n'),
    () => body(': ping\n\n'),
    () => body('id: d3\ndata: c\n\n'),
  ]);
  expect(heard).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual([undefined, 'd2', 'd2', 'd3']);
  expect(states).toEqual([true, true, true]);
});

test('the longer it is lost, the longer is waited', async () => {
  const busy = () => {
    throw new Failure(503, 'busy');
  };
  const { states, waits } = await run([lost, busy, lost, lost, lost, lost, lost, () => body('')]);
  expect(states).toEqual([...Array(7).fill(false), true]);
  expect(waits[0]).toBeLessThanOrEqual(1_000);
  expect(waits[6]).toBeGreaterThanOrEqual(15_000);
  expect(waits[7]).toBeLessThanOrEqual(1_000);
});

test('what is refused for good is not asked for again', async () => {
  const refused = () => {
    throw new Failure(403, 'no');
  };
  await expect(run([refused])).rejects.toThrow('no');
});
