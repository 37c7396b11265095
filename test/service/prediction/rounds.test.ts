// Whoever comes gets what was begun after they came, and many share one piece of work.
import { expect, it } from 'vitest';
import { Rounds } from '../../../service/prediction/rounds.js';

const forever = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A counter that is learned: each piece of work reads it when it begins, and ends when it is told to. */
function counter() {
  const rounds = new Rounds<number>();
  const state = { count: 0, begun: 0 };
  const ends: (() => void)[] = [];
  const read = async () => {
    state.begun++;
    const seen = state.count;
    await new Promise<void>((resolve) => ends.push(resolve));
    if (seen < 0) throw new Error('below zero');
    return seen;
  };
  return {
    state,
    join: (key = 'one', signal = forever) => rounds.join(key, read, signal),
    endFirst: async () => {
      ends.shift()!();
      await settled();
    },
  };
}

it('shares a round among all who came before it began', async () => {
  const { state, join, endFirst } = counter();
  const first = join();
  const rest = Array.from({ length: 50 }, () => {
    state.count++;
    return join();
  });
  expect(state.begun).toBe(1);
  await endFirst();
  expect(await first).toBe(0);
  expect(state.begun).toBe(2);
  // The second round is under way: it may have read before this one's write.
  state.count = 99;
  const late = join();
  await endFirst();
  expect(await Promise.all(rest)).toEqual(new Array(50).fill(50));
  await endFirst();
  expect(await late).toBe(99);
  expect(state.begun).toBe(3);
  // Nothing is kept of rounds that are over.
  state.count = 7;
  const fresh = join();
  await endFirst();
  expect(await fresh).toBe(7);
});

it('lets keys be, and a round that failed does not fail the next', async () => {
  const { state, join, endFirst } = counter();
  state.count = -1;
  const failing = join();
  const refused = expect(failing).rejects.toThrow('below zero');
  const next = join();
  state.count = 3;
  const other = join('other');
  expect(state.begun).toBe(2);
  await endFirst();
  await refused;
  await endFirst();
  expect(await other).toBe(3);
  await endFirst();
  expect(await next).toBe(3);
});

it('lets go who leaves, and works on for the others', async () => {
  const { join, endFirst } = counter();
  const leaver = new AbortController();
  const left = expect(join('one', leaver.signal)).rejects.toThrow('gone');
  const second = new AbortController();
  const leftToo = expect(join('one', second.signal)).rejects.toThrow('gone too');
  const stays = join();
  leaver.abort(new Error('gone'));
  second.abort(new Error('gone too'));
  await Promise.all([left, leftToo]);
  await endFirst();
  await endFirst();
  expect(await stays).toBe(0);
  await expect(join('one', leaver.signal)).rejects.toThrow('gone');
  await endFirst();
});
