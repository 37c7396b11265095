// What was tried so far: whether a value, or values together, lie within it. Beyond it a model guesses.
import { serialize } from '../../tokenizer/serialize.js';
import { inferSpace } from '../acquisition/infer-space.js';
import { isOrdered, sameValue } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import type { Json, JsonObject } from '../types.js';
import { byFrequency, type Column, columnsOf, presentIn } from './columns.js';

/** Values count as never seen together where, were all combinations as likely, so few trials would miss them by this chance. */
const BY_CHANCE = 0.02;
/** Values that are listed where another was never seen. */
const MAX_LISTED = 6;

/** Trials that agree with an x in one parameter, and what they say of another. */
interface Slice {
  /** How many of them have the other parameter: of this study, and of other studies. */
  own: number;
  others: number;
  /** Which of its values they have. */
  codes: ReadonlySet<number>;
  low: number;
  high: number;
  /** What they agree in: `'algorithm' gzip`. */
  words: string;
}

/** What is known of the values of one parameter beside the others that an x holds. */
export interface Check {
  /**
   * Why a value counts as never seen together with the rest, in a half sentence; undefined where it was, or where too few
   * trials were made to tell. Of numbers the side counts: 22 was seen with gzip if anything from 22 on was, or, of a low
   * one, up to it.
   */
  unseen(value: Json): string | undefined;
  /** The number nearest to one that was never seen with the rest that was; undefined where there is none. */
  nearest(value: number): number | undefined;
}

export class SeenValues {
  /** Of the study's own trials. */
  readonly space: SearchSpace;
  readonly columns: ReadonlyMap<string, Column>;

  /**
   * @param own the study's trials, at least one with a parameter
   * @param others trials of studies that measure the same: they may show what goes together, and what never does
   * @throws TrainerError `search_space`
   */
  constructor(
    private readonly own: readonly JsonObject[],
    others: readonly JsonObject[] = [],
  ) {
    this.space = inferSpace(own);
    this.columns = columnsOf(own, others, this.space);
  }

  /** A sentence for each parameter of x that lies outside of what was seen, alone or together with others. */
  warnings(x: JsonObject): string[] {
    const found: string[] = [];
    for (const name of Object.keys(x)) {
      if (!presentIn(x, name)) continue;
      const value = x[name]!;
      const outside = this.outside(name, value);
      if (outside !== undefined) found.push(`'${name}' ${write(value)} is new: ${outside}.`);
      else {
        const why = this.beside(x, name).unseen(value);
        if (why !== undefined) found.push(`'${name}' ${write(value)} is new beside the rest: ${why}.`);
      }
    }
    return found;
  }

  /** Checks values of a parameter of the space against all else that x holds. */
  beside(x: JsonObject, name: string): Check {
    const column = this.columns.get(name)!;
    const { sorted } = column;
    const all = column.codes.filter((code) => code >= 0);
    const ordered = isOrdered(this.space.parameters.get(name)!);
    const slices = this.slices(x, name, column);
    const isHigh = (value: number): boolean => value >= sorted[sorted.length >> 1]!;
    const rare = (share: number, { own, others }: Slice): boolean => share < 1 && share ** (own + others) < BY_CHANCE;

    const unseenNumber = (value: number): Slice | undefined => {
      const high = isHigh(value);
      const misses = (slice: Slice) => (high ? slice.high < value : slice.low > value);
      if (!slices.some(misses)) return undefined;
      const below = (other: number) => (high ? other < value : other > value);
      const share = all.filter((code) => below(column.values[code] as number)).length / all.length;
      return slices.find((slice) => misses(slice) && rare(share, slice));
    };
    const unseenCategory = (value: Json): Slice | undefined => {
      const code = codeOf(column, value);
      if (code < 0) return undefined;
      const share = 1 - all.filter((other) => other === code).length / all.length;
      return slices.find((slice) => !slice.codes.has(code) && rare(share, slice));
    };

    return {
      unseen(value) {
        if (ordered && typeof value !== 'number') return undefined;
        const slice = ordered ? unseenNumber(value as number) : unseenCategory(value);
        if (!slice) return undefined;
        const elsewhere = slice.others > 0 ? ` (and ${slice.others} of other studies)` : '';
        const none = `none of the ${slice.own} trials with ${slice.words}${elsewhere}`;
        if (!ordered) return `${none} has it`;
        return isHigh(value as number) ? `${none} goes above ${slice.high}` : `${none} goes below ${slice.low}`;
      },
      nearest(value) {
        let moved = value;
        for (let slice = unseenNumber(moved); slice; slice = unseenNumber(moved)) {
          const clipped = Math.min(slice.high, Math.max(slice.low, moved));
          if (clipped === moved) return undefined;
          moved = clipped;
        }
        return moved;
      },
    };
  }

  /** Why a value lies outside of what the study has, in half a sentence; undefined where it does not. */
  private outside(name: string, value: Json): string | undefined {
    const domain = this.space.parameters.get(name);
    if (!domain) return 'no trial of the study has this parameter';
    const column = this.columns.get(name)!;
    const { sorted } = column;
    if (sorted.length > 0) {
      const [low, high] = [sorted[0]!, sorted.at(-1)!];
      if (typeof value === 'number' && value >= low && value <= high) return undefined;
      return `the study has ${low} to ${high}`;
    }
    const seen = byFrequency(column);
    if (seen.some((other) => sameValue(other, value))) return undefined;
    const listed = seen.slice(0, MAX_LISTED).map(write).join(', ');
    return `the study has ${listed}${seen.length > MAX_LISTED ? ` and ${seen.length - MAX_LISTED} others` : ''}`;
  }

  /** Trials that agree with x in one other parameter of few values, or in having one that comes and goes. */
  private slices(x: JsonObject, name: string, column: Column): Slice[] {
    const slices: Slice[] = [];
    const add = (words: string, agrees: (row: number) => boolean): void => {
      const codes = new Set<number>();
      let [own, others, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const [row, code] of column.codes.entries()) {
        if (code < 0 || !agrees(row)) continue;
        if (row < this.own.length) own++;
        else others++;
        codes.add(code);
        const value = column.values[code];
        if (typeof value === 'number') [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
      if (codes.size > 0) slices.push({ own, others, codes, low, high, words });
    };
    for (const [other, domain] of this.space.parameters) {
      if (other === name) continue;
      const { codes } = this.columns.get(other)!;
      const has = presentIn(x, other);
      if (domain.when || domain.optional) {
        add(has ? `'${other}'` : `no '${other}'`, (row) => codes[row]! >= 0 === has);
      }
      if (!has || (domain.type !== 'categorical' && domain.type !== 'boolean')) continue;
      const code = codeOf(this.columns.get(other)!, x[other]!);
      if (code >= 0) add(`'${other}' ${write(x[other]!)}`, (row) => codes[row] === code);
    }
    return slices;
  }
}

function codeOf({ values }: Column, value: Json): number {
  const key = serialize(value);
  return values.findIndex((other) => serialize(other) === key);
}

/** A value as it stands in a sentence. */
export const write = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
