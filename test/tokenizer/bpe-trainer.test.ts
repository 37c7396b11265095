// BPE training against a plain recount of all pairs at every step, and the committed vocabulary against its corpus.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BYTE_ALPHABET, countPieces, learnMerges, MAX_TOKEN_BYTES } from '../../tokenizer/bpe-trainer.js';
import { readCorpus, spellings } from '../../tokenizer/corpus.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { staleFiles } from '../../tokenizer/train-vocabulary.js';

/** The definition, without any bookkeeping: count all pairs, merge the most frequent, begin anew. */
function mergesByRecounting(counts: ReadonlyMap<string, number>, steps: number): [string, string][] {
  let words = [...counts].map(([text, count]) => ({ symbols: [...text], count }));
  const merges: [string, string][] = [];
  while (merges.length < steps) {
    const pairs = new Map<string, number>();
    for (const { symbols, count } of words) {
      symbols.slice(1).forEach((right, index) => {
        const key = `${symbols[index]} ${right}`;
        if (key.length - 1 <= MAX_TOKEN_BYTES) pairs.set(key, (pairs.get(key) ?? 0) + count);
      });
    }
    const best = [...pairs].sort(([a, m], [b, n]) => {
      if (m !== n) return n - m;
      const [x, y] = [a.split(' '), b.split(' ')];
      return x[0] !== y[0] ? (x[0]! < y[0]! ? -1 : 1) : x[1]! < y[1]! ? -1 : 1;
    })[0];
    if (best === undefined || best[1] < 2) return merges;
    const [left, right] = best[0].split(' ') as [string, string];
    merges.push([left, right]);
    words = words.map(({ symbols, count }) => {
      const merged: string[] = [];
      for (const symbol of symbols) {
        if (symbol === right && merged.at(-1) === left) merged[merged.length - 1] = ` ${left}${right}`;
        else merged.push(symbol);
      }
      return { symbols: merged.map((symbol) => symbol.trim()), count };
    });
  }
  return merges;
}

describe('learnMerges', () => {
  it('is the plain definition of BPE', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 12 }), { maxLength: 30 });
    fc.assert(
      fc.property(texts, (lines) => {
        const counts = countPieces(lines);
        const expected = mergesByRecounting(counts, 20);
        const tokens = expected.map((pair) => pair.join(''));
        const distinct = new Set(tokens).size;
        // The last merges may only repeat tokens that earlier ones made; training stops at the last new one.
        const enough = tokens.findIndex((_, index) => new Set(tokens.slice(0, index + 1)).size === distinct) + 1;
        expect(learnMerges(counts, distinct)).toEqual(expected.slice(0, enough));
      }),
    );
  });

  it('says when the corpus is too small', () => {
    expect(() => learnMerges(countPieces(['ab']), 1)).toThrow(expect.objectContaining({ code: 'CORPUS_TOO_SMALL' }));
  });
});

describe('countPieces', () => {
  const pieces = (text: string): string[] => [...countPieces([text]).keys()];

  it('cuts at separators, case changes and every digit', () => {
    expect(pieces('max_depth')).toEqual(['max', '_', 'depth']);
    expect(pieces('maxDepthOfHTTPServer')).toEqual(['max', 'Depth', 'Of', 'HTTP', 'Server']);
    expect(pieces('layer12 of 34')).toEqual(['layer', '1', '2', 'Ġof', 'Ġ', '3', '4']);
  });

  it('loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const total = [...countPieces([text])].reduce((sum, [piece, count]) => sum + piece.length * count, 0);
        expect(total).toBe(Buffer.byteLength(text));
      }),
    );
  });
});

describe('the committed vocabulary', () => {
  it('is what the corpus gives', () => {
    expect(staleFiles()).toEqual([]);
  });

  it('spells bytes by distinct characters, visible ASCII by itself', () => {
    expect(new Set(BYTE_ALPHABET).size).toBe(256);
    expect(BYTE_ALPHABET['A'.charCodeAt(0)]).toBe('A');
    expect(BYTE_ALPHABET[' '.charCodeAt(0)]).toBe('Ġ');
  });

  it('comes from names in every spelling and prose as it stands', () => {
    expect(spellings('maxDepth')).toEqual(['max_depth', 'max-depth', 'maxDepth', 'max depth']);
    const corpus = readCorpus(packageFile('tokenizer', 'corpus'));
    expect(corpus).toContain('innodb-buffer-pool-size');
    expect(corpus.filter((line) => line.startsWith('# ') || line.trim() === '')).toEqual([]);
  });
});
