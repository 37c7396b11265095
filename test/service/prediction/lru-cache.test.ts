// The cache of what is slow to make, used by several at once.
import { expect, it } from 'vitest';
import { LruCache } from '../../../service/prediction/lru-cache.js';

/** A promise and what settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

function watched(limit: number) {
  const log: string[] = [];
  const cache = new LruCache<string>(limit, async (value) => void log.push(`release ${value}`));
  const use = (key: string, work: (value: string) => Promise<void> = async () => {}) =>
    cache.use(
      key,
      async () => {
        log.push(`make ${key}`);
        return key;
      },
      work,
    );
  return { log, cache, use };
}

it('makes each thing once, and lets the one used longest ago go first', async () => {
  const { log, use } = watched(2);
  await Promise.all([use('a'), use('a'), use('b')]);
  await use('a');
  await use('c');
  await use('a');
  await use('b');
  expect(log).toEqual(['make a', 'make b', 'release b', 'make c', 'release c', 'make b']);
});

it('never lets go of what is used, and makes room before it makes more', async () => {
  const { log, cache, use } = watched(1);
  const { opened, open } = gate();
  const first = use('a', async () => {
    await opened;
    log.push('a used');
  });
  const second = use('b');
  // Asked for while it waits to go: it goes all the same, and comes back.
  const third = use('a');
  const cleared = Promise.all([second, third]).then(() => cache.clear());
  open();
  await Promise.all([first, cleared]);
  expect(log).toEqual(['make a', 'a used', 'release a', 'make b', 'release b', 'make a', 'release a']);
});

it('keeps nothing of a making that failed', async () => {
  const { log, cache, use } = watched(1);
  const fails = () =>
    cache.use(
      'a',
      () => Promise.reject(new Error('no file')),
      async () => {},
    );
  await expect(fails()).rejects.toThrow('no file');
  await use('a');
  await cache.clear();
  expect(log).toEqual(['make a', 'release a']);
});

it('lets go of what failed work has used', async () => {
  const { log, use } = watched(1);
  await expect(use('a', () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
  await use('b');
  expect(log).toEqual(['make a', 'release a', 'make b']);
});
