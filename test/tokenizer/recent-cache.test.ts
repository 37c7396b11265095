// The bounded map: it holds what was used lately, and never more than two generations.
import { expect, it } from 'vitest';
import { RecentCache } from '../../tokenizer/recent-cache.js';

it('keeps what is asked for and forgets what is not', () => {
  const cache = new RecentCache<number>(10);
  cache.set('used', -1);
  cache.set('unused', -2);
  for (let index = 0; index < 100; index += 1) {
    cache.set(`key ${index}`, index);
    expect(cache.get('used')).toBe(-1);
    expect(cache.size).toBeLessThanOrEqual(20);
  }
  expect(cache.get('unused')).toBeUndefined();
  expect(cache.get('key 99')).toBe(99);
});
