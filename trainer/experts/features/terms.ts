// Flags for the terms (categories, words, parts of words) that some rows share and others don't.
import type { ParameterEncoder } from './encoder.js';

/** Flags a parameter may have. */
const MAX_TERMS = 24;
/** Candidates looked at for duplicates before the best are taken. */
const MAX_CANDIDATES = 128;
/** Up to this many different values a parameter is a category, and a value seen once has a flag too. */
const MAX_CATEGORIES = 8;

interface Term {
  readonly text: string;
  /** Rows that hold it, ascending. */
  readonly rows: number[];
}

/**
 * Fits flags on the strings of n rows, undefined where missing. `termsOf` lists what a string is made of, the whole string first.
 * For trees a category also gets the rank of its value in alphabetical order, which often carries meaning ("-O1" < "-O2").
 * Returns null if no term tells rows apart.
 */
export function fitTermEncoder(
  strings: readonly (readonly string[] | undefined)[],
  termsOf: (text: string) => string[],
): ParameterEncoder | null {
  const { terms, wholes } = collectTerms(strings, termsOf);
  const chosen = chooseTerms(terms, strings.length, wholes.size <= MAX_CATEGORIES);
  const ordered = [...wholes].sort();
  const hasRank = ordered.length > 2;
  if (chosen.length === 0 && !hasRank) return null;

  const column = new Map(chosen.map((term, j) => [term.text, j]));
  const shares = Float64Array.from(chosen, (term) => term.rows.length / strings.length);
  let variance = 0;
  for (const share of shares) variance += share * (1 - share);
  const scale = 1 / Math.sqrt(variance || 1);
  return {
    treeColumns: chosen.length + (hasRank ? 1 : 0),
    metricColumns: chosen.length,
    encode(leaf, { tree, treeAt, metric, metricAt }) {
      for (let j = 0; j < chosen.length; j++) {
        tree[treeAt + j] = 0;
        metric[metricAt + j] = -shares[j]! * scale;
      }
      for (const text of leaf?.strings ?? []) {
        for (const term of termsOf(text)) {
          const j = column.get(term);
          if (j === undefined) continue;
          tree[treeAt + j] = 1;
          metric[metricAt + j] = (1 - shares[j]!) * scale;
        }
      }
      const whole = leaf?.strings[0];
      if (hasRank && whole !== undefined) tree[treeAt + chosen.length] = rankIn(ordered, termsOf(whole)[0]!);
    },
  };
}

function collectTerms(
  strings: readonly (readonly string[] | undefined)[],
  termsOf: (text: string) => string[],
): { terms: Term[]; wholes: Set<string> } {
  const terms = new Map<string, Term>();
  const wholes = new Set<string>();
  strings.forEach((items, row) => {
    for (const text of items ?? []) {
      const found = termsOf(text);
      wholes.add(found[0]!);
      for (const term of found) {
        const known = terms.get(term);
        if (!known) terms.set(term, { text: term, rows: [row] });
        else if (known.rows[known.rows.length - 1] !== row) known.rows.push(row);
      }
    }
  });
  return { terms: [...terms.values()], wholes };
}

/** The terms that split the rows most evenly, without those that split them just as another does. */
function chooseTerms(terms: readonly Term[], rows: number, isCategory: boolean): Term[] {
  const evenness = (term: Term): number => Math.min(term.rows.length, rows - term.rows.length);
  const candidates = terms
    .filter((term) => term.rows.length < rows && (term.rows.length > 1 || (isCategory && term.text.startsWith('='))))
    .sort((a, b) => evenness(b) - evenness(a) || (a.text < b.text ? -1 : 1))
    .slice(0, MAX_CANDIDATES);
  const seen = new Set<string>();
  const chosen: Term[] = [];
  for (const term of candidates) {
    const split = splitKey(term, rows);
    if (seen.has(split)) continue;
    seen.add(split);
    chosen.push(term);
    if (chosen.length === MAX_TERMS) break;
  }
  return chosen;
}

/** Equal for two terms that split the rows into the same two sets. */
function splitKey(term: Term, rows: number): string {
  if (term.rows[0] !== 0) return term.rows.join();
  const complement: number[] = [];
  for (let row = 0, next = 0; row < rows; row++) {
    if (term.rows[next] === row) next++;
    else complement.push(row);
  }
  return complement.join();
}

/** Place of `text` in a sorted list; halfway between its neighbours if it isn't there. */
function rankIn(ordered: readonly string[], text: string): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ordered[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return ordered[low] === text ? low : low - 0.5;
}
