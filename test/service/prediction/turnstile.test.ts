// A few at a time, in order, and nobody is let in who has gone.
import { expect, it } from 'vitest';
import { Turnstile } from '../../../service/prediction/turnstile.js';

function crowd(places: number) {
  const turnstile = new Turnstile(places);
  const entered: string[] = [];
  const leave = new Map<string, () => void>();
  const come = (name: string, signal = new AbortController().signal) =>
    turnstile.pass(signal, () => {
      entered.push(name);
      return new Promise<void>((resolve) => leave.set(name, resolve));
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    entered,
    come,
    leave: async (name: string) => {
      leave.get(name)!();
      await settled();
    },
    settled,
  };
}

it('lets as many in as there are places, the others in their order', async () => {
  const { entered, come, leave, settled } = crowd(2);
  const all = ['a', 'b', 'c', 'd'].map((name) => come(name));
  await settled();
  expect(entered).toEqual(['a', 'b']);
  await leave('b');
  expect(entered).toEqual(['a', 'b', 'c']);
  // A place that is handed on is taken: who comes now waits.
  all.push(come('e'));
  await leave('a');
  await leave('c');
  expect(entered).toEqual(['a', 'b', 'c', 'd', 'e']);
  await leave('d');
  await leave('e');
  await Promise.all(all);
});

it('passes over who has gone', async () => {
  const { entered, come, leave } = crowd(1);
  const gone = new AbortController();
  const first = come('a');
  const second = expect(come('b', gone.signal)).rejects.toThrow('gone');
  const third = come('c');
  gone.abort(new Error('gone'));
  await second;
  await leave('a');
  expect(entered).toEqual(['a', 'c']);
  await expect(come('d', gone.signal)).rejects.toThrow('gone');
  await leave('c');
  await Promise.all([first, third]);
});
