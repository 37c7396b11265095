// Orders in which the tokens of a number on the absolute scale can be written: permutations of one spelling.
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { ZERO_ID } from '../../tokenizer/vocabulary.js';

export type Spelling = Pick<NumberCodec, 'encode' | 'decode' | 'allowedNext'>;

const ABSOLUTE = new AbsoluteCodec();

/** Places of the spelling sign, exponent, four digits, in the order in which they are written. The sign is always first. */
const PLACES = {
  most_first: [0, 1, 2, 3, 4, 5],
  least_first: [0, 1, 5, 4, 3, 2],
  exponent_last: [0, 2, 3, 4, 5, 1],
} as const;

export type DigitOrder = keyof typeof PLACES;
export const DIGIT_ORDERS = Object.keys(PLACES) as DigitOrder[];

/** What may stand at each place, whatever stands at the others: read off a positive number, as the sign changes only the order. */
const ALPHABETS = [0, 1, 2, 3, 4, 5].map((place) => ABSOLUTE.allowedNext(ABSOLUTE.encode(1).slice(0, place)));

/** Spells numbers in an order of their tokens. Only `most_first` has prefixes that are intervals: the others can be sampled, not descended. */
export function spelling(order: DigitOrder): Spelling {
  const places = PLACES[order];
  return {
    encode(y) {
      const tokens = ABSOLUTE.encode(y);
      return tokens.length === 1 ? tokens : places.map((place) => tokens[place]!);
    },
    decode(tokens) {
      if (tokens.length === 1) return ABSOLUTE.decode(tokens);
      const natural: number[] = new Array(places.length);
      places.forEach((place, at) => {
        natural[place] = tokens[at]!;
      });
      return ABSOLUTE.decode(natural);
    },
    allowedNext(prefix) {
      if (prefix[0] === ZERO_ID || prefix.length === places.length) return [];
      return ALPHABETS[places[prefix.length]!]!;
    },
  };
}
