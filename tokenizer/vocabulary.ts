// Names and ids of every token that is not learned text: sequence control, numbers, structure, evidence.
// The order below is the id: models are trained on it, so it may only ever change with SERIALIZATION_VERSION.
import { TokenizerError } from './errors.js';

/** Ids in a whole vocabulary: the tokens named here, then the 256 bytes, then learned merges. */
export const VOCABULARY_SIZE = 2048;

/** T5's own: padding, also the decoder's first input; end of sequence; unknown (unused: every byte has a token). */
export const CONTROL_TOKENS = ['<pad>', '</s>', '<unk>'] as const;

/** Least and greatest exponent of ten that has a token. */
export const MIN_EXPONENT = -30;
export const MAX_EXPONENT = 30;
/** Places that have mantissa tokens `⟨m1:3⟩` and frame-relative tokens `⟨u1:3⟩`. */
export const MANTISSA_PLACES = 7;
export const UNIT_PLACES = 4;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A digit's token says at which place the digit stands, so that a small model need not count positions. */
const placeDigits = (letter: string, places: number): string[] =>
  range(places).flatMap((place) => range(10).map((digit) => `⟨${letter}${place + 1}:${digit}⟩`));

const NUMBER_HEADS = ['⟨infeasible⟩', '⟨low⟩', '⟨-⟩', '⟨0⟩', '⟨+⟩', '⟨high⟩'] as const;

const NUMBER_TOKENS = [
  ...NUMBER_HEADS,
  ...range(MAX_EXPONENT - MIN_EXPONENT + 1).map((index) => `⟨E${index + MIN_EXPONENT}⟩`),
  ...placeDigits('m', MANTISSA_PLACES),
  ...placeDigits('u', UNIT_PLACES),
];

/** Sections of a prompt and the punctuation of serialized JSON; `⟨cut⟩` stands where text was left out. */
export const STRUCTURE_TOKENS = [
  '⟨metadata⟩',
  '⟨x⟩',
  '⟨s⟩',
  '⟨/s⟩',
  '⟨object⟩',
  '⟨/object⟩',
  '⟨array⟩',
  '⟨/array⟩',
  '⟨true⟩',
  '⟨false⟩',
  '⟨null⟩',
  '⟨cut⟩',
] as const;

/** What the study's own trials say about a query: markers, each followed by digits. */
export const EVIDENCE_TOKENS = [
  '⟨evidence⟩',
  '⟨count⟩',
  '⟨boosting⟩',
  '⟨forest⟩',
  '⟨gp⟩',
  '⟨gp-sd⟩',
  '⟨knn⟩',
  '⟨near1⟩',
  '⟨near2⟩',
  '⟨near3⟩',
  '⟨near4⟩',
  '⟨near5⟩',
  '⟨q0⟩',
  '⟨q10⟩',
  '⟨q25⟩',
  '⟨q50⟩',
  '⟨q75⟩',
  '⟨q90⟩',
  '⟨q100⟩',
  '⟨failed⟩',
  '⟨spread⟩',
  '⟨centre⟩',
  '⟨error:boosting⟩',
  '⟨error:forest⟩',
  '⟨error:gp⟩',
  '⟨error:knn⟩',
  '⟨history⟩',
  '⟨relatives⟩',
  '⟨history-sd⟩',
  '⟨error:history⟩',
] as const;

/** Unused ids, so that a later marker needs no new vocabulary size and old weights still fit. */
const RESERVED_TOKENS = range(12).map((index) => `⟨reserved:${index + 3}⟩`);

/** Every token that is not learned text; a token's index is its id. */
export const NAMED_TOKENS: readonly string[] = [
  ...CONTROL_TOKENS,
  ...NUMBER_TOKENS,
  ...STRUCTURE_TOKENS,
  ...EVIDENCE_TOKENS,
  ...RESERVED_TOKENS,
];

const ID_OF_NAME: ReadonlyMap<string, number> = new Map(NAMED_TOKENS.map((name, id) => [name, id]));

/**
 * Id of a named token, such as `tokenId('⟨cut⟩')`.
 * @throws TokenizerError TOKEN_UNKNOWN for any other name, learned text among them.
 */
export function tokenId(name: string): number {
  const id = ID_OF_NAME.get(name);
  if (id === undefined) {
    throw new TokenizerError('TOKEN_UNKNOWN', `tokenId: ${JSON.stringify(name)} is not in NAMED_TOKENS`);
  }
  return id;
}

export const PAD_ID = tokenId('<pad>');
export const EOS_ID = tokenId('</s>');
export const UNK_ID = tokenId('<unk>');

/** All tokens a number (or `⟨infeasible⟩`) is written with lie in [NUMBER_BEGIN, NUMBER_END). */
export const NUMBER_BEGIN: number = CONTROL_TOKENS.length;
export const NUMBER_END = NUMBER_BEGIN + NUMBER_TOKENS.length;

/** First id of learned text: 256 bytes, then merges, up to VOCABULARY_SIZE. */
export const TEXT_BEGIN = NAMED_TOKENS.length;

export const INFEASIBLE_ID = tokenId('⟨infeasible⟩');
/** Below and above the frame of the relative codec; the absolute codec follows. */
export const LOW_ID = tokenId('⟨low⟩');
export const HIGH_ID = tokenId('⟨high⟩');
export const MINUS_ID = tokenId('⟨-⟩');
export const ZERO_ID = tokenId('⟨0⟩');
export const PLUS_ID = tokenId('⟨+⟩');

const EXPONENT_ZERO_ID = tokenId('⟨E0⟩');
const FIRST_MANTISSA_ID = tokenId('⟨m1:0⟩');
const FIRST_UNIT_ID = tokenId('⟨u1:0⟩');

/** Id of `⟨E{exponent}⟩`, exponent an integer in [MIN_EXPONENT, MAX_EXPONENT]. */
export const exponentId = (exponent: number): number => EXPONENT_ZERO_ID + exponent;
/** Id of `⟨m{place}:{digit}⟩`, place in 1..MANTISSA_PLACES. */
export const mantissaId = (place: number, digit: number): number => FIRST_MANTISSA_ID + (place - 1) * 10 + digit;
/** Id of `⟨u{place}:{digit}⟩`, place in 1..UNIT_PLACES. */
export const unitId = (place: number, digit: number): number => FIRST_UNIT_ID + (place - 1) * 10 + digit;

/** The exponent that a token states, or undefined where it is no exponent token. */
export function exponentOf(id: number): number | undefined {
  const exponent = id - EXPONENT_ZERO_ID;
  return exponent >= MIN_EXPONENT && exponent <= MAX_EXPONENT ? exponent : undefined;
}

/** The digit of a mantissa token at `place`, or undefined where the token is another one. */
export const mantissaDigitOf = (id: number, place: number): number | undefined => digitOf(id - mantissaId(place, 0));

/** The digit of a frame-relative token at `place`, or undefined where the token is another one. */
export const unitDigitOf = (id: number, place: number): number | undefined => digitOf(id - unitId(place, 0));

const digitOf = (offset: number): number | undefined => (offset >= 0 && offset <= 9 ? offset : undefined);

/** Name of a named token for messages: `⟨E-4⟩`; `#1234` for learned text and unknown ids. */
export const tokenName = (id: number): string => NAMED_TOKENS[id] ?? `#${id}`;
