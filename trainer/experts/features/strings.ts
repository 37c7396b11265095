// String columns. Structured strings are taken apart into numbers or words; all others become flags for terms that several rows share.
import type { ParameterEncoder } from './encoder.js';
import type { Leaf } from './flatten.js';
import { fitNumberEncoder } from './numbers.js';
import { fitTermEncoder } from './terms.js';

/** Only this much of a string is read: the rest of a very long one costs time and rarely tells rows apart. */
const MAX_CHARACTERS = 4000;
/** More numbers or words than this are read as free text. */
const MAX_PARTS = 24;

const NUMBER = /\d+(?:\.\d+)?/g;
const SEPARATOR = /[\s|+,;:()[\]{}<>="'/\\]+/;
const SUBWORD = /\d+(?:\.\d+)?|\p{L}+/gu;

/** Fits encoders on what n rows hold at one path, undefined where it is missing. Returns none if the rows don't differ. */
export function fitStringEncoders(leaves: readonly (Leaf | undefined)[]): ParameterEncoder[] {
  const strings = leaves.map((leaf) => (leaf && leaf.strings.length > 0 ? leaf.strings : undefined));
  const present = strings.filter((items) => items !== undefined);
  if (present.length === 0) return [];
  const single = present.every((items) => items.length === 1);
  const distinct = new Set(present.map((items) => items[0]));
  if (single && distinct.size > 2) {
    const template = skeleton(present[0]![0]!);
    if (present.every((items) => skeleton(items[0]!) === template)) return fitTemplateEncoders(leaves, template);
    const count = wordsOf(present[0]![0]!).length;
    if (count > 1 && count <= MAX_PARTS && present.every((items) => wordsOf(items[0]!).length === count)) {
      return fitPositionEncoders(leaves, count);
    }
  }
  return toList(fitTermEncoder(strings, termsOf));
}

/** Strings alike but for their numbers ("1x64x8x8", "2024-05-17", "75%"): one number column for each. */
function fitTemplateEncoders(leaves: readonly (Leaf | undefined)[], template: string): ParameterEncoder[] {
  const parse = (leaf: Leaf | undefined): readonly string[] => {
    const text = leaf?.strings[0];
    return text !== undefined && skeleton(text) === template ? (clip(text).match(NUMBER) ?? []) : [];
  };
  const rows = leaves.map(parse);
  const parts = Math.min(MAX_PARTS, Math.max(...rows.map((numbers) => numbers.length)));
  return Array.from({ length: parts }, (_, i) => {
    const pick = (numbers: readonly string[]): number => (numbers[i] === undefined ? Number.NaN : Number(numbers[i]));
    const encoder = fitNumberEncoder(Float64Array.from(rows, pick));
    return encoder && readingAs(encoder, (leaf) => ({ number: pick(parse(leaf)), strings: [] }));
  }).filter((encoder) => encoder !== null);
}

/** Strings of equally many words ("|conv~0|+|none~0|skip~1|"): each position is a category of its own. */
function fitPositionEncoders(leaves: readonly (Leaf | undefined)[], count: number): ParameterEncoder[] {
  const parse = (leaf: Leaf | undefined): readonly string[] => {
    const words = leaf?.strings[0] === undefined ? [] : wordsOf(leaf.strings[0]);
    return words.length === count ? words : [];
  };
  const rows = leaves.map(parse);
  return Array.from({ length: count }, (_, i) => {
    const pick = (words: readonly string[]): string[] => (words[i] === undefined ? [] : [words[i]]);
    const encoder = fitTermEncoder(
      rows.map((words) => (words.length > 0 ? pick(words) : undefined)),
      termsOf,
    );
    return encoder && readingAs(encoder, (leaf) => ({ number: Number.NaN, strings: pick(parse(leaf)) }));
  }).filter((encoder) => encoder !== null);
}

/** The same columns, filled from what `read` takes out of a leaf. */
function readingAs(encoder: ParameterEncoder, read: (leaf: Leaf | undefined) => Leaf): ParameterEncoder {
  return { ...encoder, encode: (leaf, row) => encoder.encode(read(leaf), row) };
}

/** A string with every run of digits replaced by one mark. */
function skeleton(text: string): string {
  return clip(text).replace(NUMBER, '#');
}

function wordsOf(text: string): string[] {
  return clip(text)
    .split(SEPARATOR)
    .filter((word) => word !== '');
}

/** The terms that stand for a string: itself, its words, and the letters and numbers inside each word. */
function termsOf(text: string): string[] {
  const terms = [`=${clip(text)}`];
  for (const word of wordsOf(text)) {
    terms.push(word);
    const parts = word.match(SUBWORD);
    if (parts && parts.length > 1) terms.push(...parts);
  }
  return terms;
}

function clip(text: string): string {
  return text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text;
}

function toList<T>(item: T | null): T[] {
  return item === null ? [] : [item];
}
