// What a study has seen: whether a value, or two values together, lie within what was tried. Beyond it a model guesses.
import { serialize } from '../../tokenizer/serialize.js';
import { inferSpace } from '../acquisition/infer-space.js';
import { isOrdered } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import type { Json, JsonObject } from '../types.js';
import { type Column, columnsOf, presentIn } from './columns.js';

/** Values count as never seen together where, were all combinations as likely, so few trials would miss them by this chance. */
const BY_CHANCE = 0.02;

/** Trials that agree with an x in one parameter, and what they say of another. */
interface Slice {
  /** How many of them have the other parameter. */
  count: number;
  /** Which of its values they have. */
  codes: ReadonlySet<number>;
  low: number;
  high: number;
  /** What they agree in: `'algorithm' gzip`. */
  words: string;
}

/** What a study says of the values of one parameter beside the others that an x holds. */
export interface Check {
  /**
   * Why a value counts as never seen together with the rest, in a half sentence; undefined where it was, or where too few trials were
   * made to tell. Of numbers the side counts: 22 was seen with gzip if anything from 22 on was, or, of a low one, up to it.
   */
  unseen(value: Json): string | undefined;
  /** The number nearest to one that was never seen with the rest that was; undefined where there is none. */
  nearest(value: number): number | undefined;
}

export class SeenValues {
  readonly space: SearchSpace;
  readonly columns: ReadonlyMap<string, Column>;

  /** @param xs at least one, with at least one parameter among them @throws TrainerError `search_space` */
  constructor(xs: readonly JsonObject[]) {
    this.space = inferSpace(xs);
    this.columns = columnsOf(xs, this.space);
  }

  /** A sentence for each parameter of x that lies outside of what was seen, alone or together with others. */
  warnings(x: JsonObject): string[] {
    const together = [...this.space.parameters.keys()].flatMap((name) => {
      const why = presentIn(x, name) ? this.beside(x, name).unseen(x[name]!) : undefined;
      return why === undefined ? [] : `'${name}' ${write(x[name]!)} is new beside the rest: ${why}.`;
    });
    return [...this.space.violations(x), ...together];
  }

  /** Checks values of a parameter of the space against all else that x holds. */
  beside(x: JsonObject, name: string): Check {
    const domain = this.space.parameters.get(name)!;
    const column = this.columns.get(name)!;
    const slices = this.slices(x, name, column);
    const { sorted } = column;
    const total = column.counts.reduce((sum, count) => sum + count, 0);
    const ordered = isOrdered(domain);
    const isHigh = (value: number): boolean => value >= sorted[sorted.length >> 1]!;

    const unseenNumber = (value: number): Slice | undefined => {
      const high = isHigh(value);
      const share = sorted.filter((other) => (high ? other < value : other > value)).length / total;
      if (share === 1) return undefined; // Beyond all that was seen: `violations` says so.
      return slices.find(({ count, ...s }) => (high ? s.high < value : s.low > value) && share ** count < BY_CHANCE);
    };
    const unseenCategory = (value: Json): Slice | undefined => {
      const key = serialize(value);
      const code = column.values.findIndex((other) => serialize(other) === key);
      if (code < 0) return undefined;
      const share = 1 - column.counts[code]! / total;
      return slices.find(({ count, codes }) => count > 0 && !codes.has(code) && share ** count < BY_CHANCE);
    };

    return {
      unseen(value) {
        if (ordered && typeof value !== 'number') return undefined;
        const slice = ordered ? unseenNumber(value as number) : unseenCategory(value);
        if (!slice) return undefined;
        const none = `none of the ${slice.count} trials with ${slice.words}`;
        if (!ordered) return `${none} has it`;
        return isHigh(value as number) ? `${none} goes above ${slice.high}` : `${none} goes below ${slice.low}`;
      },
      nearest(value) {
        let moved = value;
        for (let slice = unseenNumber(moved); slice; slice = unseenNumber(moved)) {
          const clipped = Math.min(slice.high, Math.max(slice.low, moved));
          if (clipped === moved || !Number.isFinite(clipped)) return undefined;
          moved = clipped;
        }
        return moved;
      },
    };
  }

  /** Trials that agree with x in one other parameter of few values, or in having one that comes and goes. */
  private slices(x: JsonObject, name: string, column: Column): Slice[] {
    const slices: Slice[] = [];
    const add = (words: string, agrees: (row: number) => boolean): void => {
      const codes = column.codes.filter((code, row) => code >= 0 && agrees(row));
      const numbers = column.sorted.length > 0 ? Array.from(codes, (code) => column.values[code] as number) : [];
      const [low, high] = [
        numbers.reduce((a, b) => Math.min(a, b), Infinity),
        numbers.reduce((a, b) => Math.max(a, b), -Infinity),
      ];
      if (codes.length > 0) slices.push({ count: codes.length, codes: new Set(codes), low, high, words });
    };
    for (const [other, domain] of this.space.parameters) {
      if (other === name) continue;
      const { codes, values } = this.columns.get(other)!;
      const has = presentIn(x, other);
      const quoted = `'${other}'`;
      if (domain.when || domain.optional) {
        add(has ? quoted : `no ${quoted}`, (row) => codes[row]! >= 0 === has);
      }
      if (!has || (domain.type !== 'categorical' && domain.type !== 'boolean')) continue;
      const key = serialize(x[other]!);
      const code = values.findIndex((value) => serialize(value) === key);
      if (code >= 0) add(`${quoted} ${write(x[other]!)}`, (row) => codes[row] === code);
    }
    return slices;
  }
}

/** A value as it stands in a sentence. */
export const write = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
