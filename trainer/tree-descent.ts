// Descends the tree of number tokens for many queries at once, so that the model's distribution is computed, not sampled.
import type { NumberCodec } from '../tokenizer/number-codec.js';
import { HIGH_ID, INFEASIBLE_ID, LOW_ID } from '../tokenizer/vocabulary.js';
import { type Cell, Distribution } from './distribution.js';

/** The live prefixes of all queries at one depth of the tree, query by query. */
export interface Level {
  /** Tokens in front of the new one: 0 at the root, where the one prefix of each query is the start token. */
  depth: number;
  /** The last token of each prefix. */
  tokens: Int32Array;
  /** The query of each prefix, ascending. */
  queries: Int32Array;
  /** Where each prefix's beginning stood in the level above; 0 at the root, which has none. */
  parents: Int32Array;
}

/**
 * Log-probabilities (nats) of the number tokens after each prefix of a level; asked for each level in turn.
 * @returns [prefixes, tokens]; token t of the last axis has id `firstToken + t`
 */
export type NextTokens = (level: Level) => Promise<Float32Array>;

export interface DescentOptions {
  /** Id of the first number token, and how many there are. */
  firstToken: number;
  tokens: number;
  /**
   * A prefix with less mass than this is not looked into further; it stays on its interval. By places that are left below the
   * prefix: the first for one place, the last for as many and more. Masses are those given that the experiment succeeds, so
   * that y is known as well where failure is likely.
   */
  minMass: readonly number[];
  /** The same for an escape out of the frame: few examples teach what lies behind it, so it must be likely to be believed. */
  minEscapeMass: number;
}

interface Prefix {
  ids: readonly number[];
  mass: number;
  /** Its beginning's place in the level above. */
  parent: number;
}

interface Tree {
  codec: NumberCodec;
  live: Prefix[];
  cells: Cell[];
  pInfeasible: number;
}

/** The decoder's first input is <pad>, id 0. */
const START_ID = 0;

/** Chances of the tokens of one prefix, relative to the likeliest; no prefix has more tokens than this. */
const chances = new Float64Array(1024);

/** One level for one query, whose first live prefix has row `first`. Renormalised over the tokens the codec allows there. */
function expand(tree: Tree, rows: Float32Array, first: number, options: DescentOptions): void {
  const { codec, live } = tree;
  const { firstToken, tokens, minMass, minEscapeMass } = options;
  const next: Prefix[] = [];
  live.forEach(({ ids, mass: share }, index) => {
    const allowed = codec.allowedNext(ids);
    const origin = (first + index) * tokens - firstToken;
    let most = Number.NEGATIVE_INFINITY;
    for (const id of allowed) most = Math.max(most, rows[origin + id]!);
    let total = 0;
    for (let i = 0; i < allowed.length; i++) {
      chances[i] = Math.exp(rows[origin + allowed[i]!]! - most);
      total += chances[i]!;
    }
    if (ids.length === 0) tree.pInfeasible = 1 / (1 + total * Math.exp(most - rows[origin + INFEASIBLE_ID]!));
    // One array for all children: of a thousand a query, few go on.
    const longer = [...ids, START_ID];
    for (let i = 0; i < allowed.length; i++) {
      const id = allowed[i]!;
      longer[ids.length] = id;
      const mass = (share * chances[i]!) / total;
      const left = codec.placesLeft(longer);
      const enough = id === LOW_ID || id === HIGH_ID ? minEscapeMass : minMass[Math.min(left, minMass.length) - 1]!;
      if (left > 0 && mass >= enough) next.push({ ids: longer.slice(), mass, parent: first + index });
      else {
        const { lo, hi } = codec.interval(longer);
        tree.cells.push({ lo, hi, mass, whole: left === 0 });
      }
    }
  });
  tree.live = next;
}

/** What the model is asked about the live prefixes of all trees. */
function levelOf(trees: readonly Tree[], depth: number): Level {
  const count = trees.reduce((sum, { live }) => sum + live.length, 0);
  const level = {
    depth,
    tokens: new Int32Array(count),
    queries: new Int32Array(count),
    parents: new Int32Array(count),
  };
  let row = 0;
  trees.forEach(({ live }, query) => {
    for (const { ids, parent } of live) {
      level.tokens[row] = ids.at(-1) ?? START_ID;
      level.queries[row] = query;
      level.parents[row] = parent;
      row++;
    }
  });
  return level;
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
  const trees = codecs.map((codec): Tree => {
    const root = { ids: [], mass: 1, parent: 0 };
    return { codec, live: [root], cells: [], pInfeasible: 0 };
  });
  for (let depth = 0; ; depth++) {
    const level = levelOf(trees, depth);
    if (level.tokens.length === 0) break;
    const rows = await next(level);
    let first = 0;
    for (const tree of trees) {
      const { length } = tree.live;
      expand(tree, rows, first, options);
      first += length;
    }
  }
  return trees.map(
    ({ cells, pInfeasible }) =>
      new Distribution(
        cells.sort((a, b) => a.lo - b.lo),
        pInfeasible,
      ),
  );
}
