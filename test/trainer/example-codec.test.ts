// Examples in binary: what is packed comes back, and windows keep their episodes apart.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeWindow, encodeWindow, packEpisode, unpackEpisode } from '../../trainer/example-codec.js';
import type { Example } from '../../trainer/prompt.js';

const ids = fc.array(fc.nat({ max: 300_000 }), { maxLength: 12 });
const episode = fc
  .tuple(
    ids,
    fc.array(
      fc.record({ evidence: fc.array(ids, { maxLength: 5 }), x: ids, absolute: ids, relative: fc.option(ids) }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([metadata, examples]) =>
    examples.map(({ relative, ...rest }): Example => ({ ...rest, metadata, ...(relative && { relative }) })),
  );

it('packs and unpacks any episode, and windows of them', () => {
  fc.assert(
    fc.property(fc.array(episode, { maxLength: 5 }), (episodes) => {
      const bytes = encodeWindow(episodes.map(packEpisode));
      // As a file gives them: at any place of a larger buffer.
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      expect(decodeWindow(shifted.subarray(1)).map(unpackEpisode)).toEqual(episodes);
    }),
  );
});
