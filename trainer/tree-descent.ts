// Descends the tree of number tokens for many queries at once, so that the model's distribution is computed, not sampled.
import type { NumberCodec } from '../tokenizer/number-codec.js';
import { HIGH_ID, INFEASIBLE_ID, LOW_ID } from '../tokenizer/vocabulary.js';
import { type Cell, Distribution } from './distribution.js';

/**
 * Log-probabilities (nats) of the number tokens after each prefix.
 * @param prefixes int32 [queries, width, steps]: decoder inputs, the start token first; unused places are zeros
 * @returns [queries, width, tokens]; token t of the last axis has id `firstToken + t`
 */
export type NextTokens = (prefixes: Int32Array, width: number, steps: number) => Promise<Float32Array>;

export interface DescentOptions {
  /** Id of the first number token, and how many there are. */
  firstToken: number;
  tokens: number;
  /** A prefix with less probability than this is not looked into further; its mass stays on its interval. */
  minMass: number;
  /** The same for an escape out of the frame: few examples teach what lies behind it, so it must be likely to be believed. */
  minEscapeMass: number;
}

interface Prefix {
  ids: number[];
  mass: number;
}

interface Tree {
  codec: NumberCodec;
  live: Prefix[];
  cells: Cell[];
  pInfeasible: number;
}

/** One level for one query: `logits(i)` is the row of the i-th live prefix. Renormalised over the tokens the codec allows there. */
function expand(
  tree: Tree,
  rowOf: (index: number) => Float32Array,
  { firstToken, minMass, minEscapeMass }: DescentOptions,
): void {
  const { codec, live } = tree;
  const next: Prefix[] = [];
  live.forEach((prefix, index) => {
    const row = rowOf(index);
    const allowed = codec.allowedNext(prefix.ids);
    const atRoot = prefix.ids.length === 0;
    const probability = (id: number) => Math.exp(row[id - firstToken]!);
    const failed = atRoot ? probability(INFEASIBLE_ID) : 0;
    let total = failed;
    for (const id of allowed) total += probability(id);
    if (atRoot) tree.pInfeasible = failed / total;
    for (const id of allowed) {
      const mass = (prefix.mass * probability(id)) / total;
      const ids = [...prefix.ids, id];
      const whole = codec.allowedNext(ids).length === 0;
      const enough = id === LOW_ID || id === HIGH_ID ? minEscapeMass : minMass;
      if (mass >= enough && !whole) next.push({ ids, mass });
      else tree.cells.push({ ...codec.interval(ids), mass, whole });
    }
  });
  tree.live = next;
}

/**
 * The distribution of each query: all live prefixes of all queries form one batch a level.
 * @param codecs one a query; `next` answers for the queries in the same order
 */
export async function descend(
  codecs: readonly NumberCodec[],
  next: NextTokens,
  options: DescentOptions,
): Promise<Distribution[]> {
  const trees = codecs.map((codec): Tree => ({ codec, live: [{ ids: [], mass: 1 }], cells: [], pInfeasible: 0 }));
  for (let steps = 1; ; steps++) {
    const width = Math.max(...trees.map((tree) => tree.live.length));
    if (width === 0) break;
    const prefixes = new Int32Array(trees.length * width * steps);
    trees.forEach((tree, query) => {
      // The start token is <pad>, id 0, and stands at the first step already.
      tree.live.forEach(({ ids }, i) => prefixes.set(ids, (query * width + i) * steps + 1));
    });
    const rows = await next(prefixes, width, steps);
    trees.forEach((tree, query) => {
      const rowOf = (i: number) => {
        const begin = (query * width + i) * options.tokens;
        return rows.subarray(begin, begin + options.tokens);
      };
      expand(tree, rowOf, options);
    });
  }
  return trees.map(
    ({ cells, pInfeasible }) =>
      new Distribution(
        cells.sort((a, b) => a.lo - b.lo),
        pInfeasible,
      ),
  );
}
