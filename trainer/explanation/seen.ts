// What was tried so far: whether a value, or values together, lie within it. Beyond it a model guesses.
import { RecentCache } from '../../tokenizer/recent-cache.js';
import { inferSpace } from '../acquisition/infer-space.js';
import { isOrdered } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import { thin } from '../thin.js';
import type { Json, JsonObject } from '../types.js';
import { type Column, columnsOf, presentIn } from './columns.js';
import { quoted, TriedValues, write } from './tried.js';

/** Values count as never seen together where, were all combinations as likely, so few trials would miss them by this chance. */
const BY_CHANCE = 0.02;
/** Sentences on one x. */
const MAX_WARNINGS = 5;
/** Parameters up to which any two of them are looked at together. */
const MAX_PAIRED = 40;
/** Slices that are kept for the next x, at most twice as many. */
const KEPT_SLICES = 2000;
/** Trials that are looked at for what goes together: this many, or fewer of wide ones, as many as have this many values. */
const MAX_TRIALS = 1000;
const MAX_CELLS = 20_000;
const MIN_TRIALS = 50;

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

interface BesideOptions {
  chance?: number;
  missing?: ReadonlySet<string>;
}

export class SeenValues {
  /** Of the study's own trials. */
  readonly space: SearchSpace;
  readonly columns: ReadonlyMap<string, Column>;
  private readonly tried: TriedValues;
  private readonly known = new RecentCache<{ slice: Slice | undefined }>(KEPT_SLICES);

  /**
   * @param own the study's trials, at least one with a parameter
   * @param others trials of studies that measure the same: they may show what goes together, and what never does
   * @param all where `own` are some of the study's trials: all of them
   * @throws TrainerError `search_space`
   */
  constructor(
    private readonly own: readonly JsonObject[],
    others: readonly JsonObject[] = [],
    all = own,
  ) {
    this.space = inferSpace(own);
    this.columns = columnsOf(own, others, this.space);
    this.tried = new TriedValues(all);
  }

  /**
   * Of a study of any size: what was tried is that of all its trials, what goes together of an even choice of them.
   * @returns undefined where no trial has a parameter
   */
  static of(all: readonly JsonObject[], others: readonly JsonObject[]): SeenValues | undefined {
    const own = all.filter((x) => Object.values(x).some((value) => value !== null));
    if (own.length === 0) return undefined;
    const width = Math.max(...thin(own, MIN_TRIALS).map((x) => Object.keys(x).length));
    const looked = Math.max(MIN_TRIALS, Math.min(MAX_TRIALS, Math.floor(MAX_CELLS / width)));
    return new SeenValues(thin(own, looked), others, all);
  }

  /**
   * Sentences on where x lies outside of what was seen: values and parameters that are new, parameters that it lacks, values that
   * were never seen together. A few at most.
   */
  warnings(x: JsonObject): string[] {
    const found: string[] = [];
    const together: string[] = [];
    const missing = this.tried.missing(x, this.space);
    // The more values there are to look beside, the more of them would seem new by chance.
    const chance = BY_CHANCE / this.space.parameters.size;
    const paired = this.space.parameters.size <= MAX_PAIRED;
    for (const name of Object.keys(x)) {
      if (!presentIn(x, name)) continue;
      const outside = this.tried.outside(x, name);
      if (outside !== undefined) found.push(`${quoted(name)} ${outside}`);
      else if (paired && this.space.parameters.has(name)) {
        const value = x[name]!;
        const why = this.beside(x, name, { chance, missing: missing.names }).unseen(value);
        if (why !== undefined) together.push(`${quoted(name)} ${write(value)} is new beside the rest: ${why}.`);
      }
    }
    found.push(...missing.sentences, ...together);
    if (found.length <= MAX_WARNINGS) return found;
    const told = found.slice(0, MAX_WARNINGS - 1);
    return [...told, `${found.length - told.length} more things about this x are new to the study.`];
  }

  /**
   * Checks values of a parameter of the space against all else that x holds.
   * @param chance of taking values that go together for ones that do not
   * @param missing parameters that x should have: that it lacks them tells nothing of the rest
   */
  beside(x: JsonObject, name: string, { chance = BY_CHANCE, missing }: BesideOptions = {}): Check {
    const column = this.columns.get(name)!;
    const { sorted } = column;
    const shareOf = (agrees: (code: number) => boolean): number => {
      let [count, all] = [0, 0];
      for (const code of column.codes) {
        if (code < 0) continue;
        all++;
        if (agrees(code)) count++;
      }
      return count / all;
    };
    const ordered = isOrdered(this.space.parameters.get(name)!);
    const slices = this.slices(x, name, missing);
    const isHigh = (value: number): boolean => value >= sorted[sorted.length >> 1]!;
    const rare = (share: number, { own, others }: Slice): boolean => share < 1 && share ** (own + others) < chance;

    const unseenNumber = (value: number): Slice | undefined => {
      const high = isHigh(value);
      const misses = (slice: Slice) => (high ? slice.high < value : slice.low > value);
      if (!slices.some(misses)) return undefined;
      const below = (other: number) => (high ? other < value : other > value);
      const share = shareOf((code) => below(column.values[code] as number));
      return slices.find((slice) => misses(slice) && rare(share, slice));
    };
    const unseenCategory = (value: Json): Slice | undefined => {
      const code = column.codeOf(value);
      if (code < 0 || !slices.some(({ codes }) => !codes.has(code))) return undefined;
      const share = 1 - shareOf((other) => other === code);
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

  /** Trials that agree with x in one other parameter of few values, or in having one that comes and goes. */
  private slices(x: JsonObject, name: string, missing?: ReadonlySet<string>): Slice[] {
    const slices: Slice[] = [];
    const add = (key: string, words: () => string, agrees: (row: number) => boolean): void => {
      const whole = `${name.length} ${name} ${key}`;
      let known = this.known.get(whole);
      if (!known) {
        known = { slice: this.slice(name, words(), agrees) };
        this.known.set(whole, known);
      }
      if (known.slice) slices.push(known.slice);
    };
    for (const [other, domain] of this.space.parameters) {
      if (other === name) continue;
      const column = this.columns.get(other)!;
      const { codes } = column;
      const has = presentIn(x, other);
      if ((domain.when || domain.optional) && !missing?.has(other)) {
        const words = () => (has ? quoted(other) : `no ${quoted(other)}`);
        add(`${has ? 'with' : 'without'} ${other}`, words, (row) => codes[row]! >= 0 === has);
      }
      if (!has || (domain.type !== 'categorical' && domain.type !== 'boolean')) continue;
      const code = column.codeOf(x[other]!);
      if (code < 0) continue;
      add(
        `${code} of ${other}`,
        () => `${quoted(other)} ${write(x[other]!)}`,
        (row) => codes[row] === code,
      );
    }
    return slices;
  }

  /** Undefined where no such trial has the parameter. */
  private slice(name: string, words: string, agrees: (row: number) => boolean): Slice | undefined {
    const column = this.columns.get(name)!;
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
    return codes.size > 0 ? { own, others, codes, low, high, words } : undefined;
  }
}
