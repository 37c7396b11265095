// Studies without their free text, to see what it is worth: text is taken out of parameters and metadata, categories stay.
import { Random } from '../random.js';
import { drawFew } from '../study-source.js';
import type { Json, JsonObject, StudySource } from '../types.js';

const TEXT_STREAM = 0x74657874;
/** Trials that are read to tell text from categories. */
const LOOKED_AT = 1000;
/** Characters; what is longer is text. */
const LONGEST_CATEGORY = 50;
/** Categories come back: a parameter of so many different strings, and more than half of them different, is text. */
const LEAST_TEXTS = 10;
const MOST_DIFFERENT = 0.5;

export interface StudyWithoutText {
  source: StudySource;
  /** Parameters and metadata that were taken out: keys joined by dots, `[]` for the items of an array. */
  dropped: string[];
}

/** What is text is told from the study's own trials; numbers, truth values and categories stay as they are. */
export async function withoutText(source: StudySource): Promise<StudyWithoutText> {
  const positions = Int32Array.from({ length: source.trials }, (_, i) => i);
  const trials = await source.read(drawFew(positions, LOOKED_AT, new Random(TEXT_STREAM)));
  const texts = textsOf(trials.map(({ x }) => x));
  const dropped = new Set(texts);
  const metadata = without(source.metadata, (path, value) => {
    const isText = value.length > LONGEST_CATEGORY;
    if (isText) dropped.add(path);
    return isText;
  });
  const strip = (x: JsonObject) => without(x, (path) => texts.has(path));
  return {
    source: {
      ...source,
      metadata,
      version: `${source.version} without text`,
      read: async (positions) => (await source.read(positions)).map((trial) => ({ ...trial, x: strip(trial.x) })),
    },
    dropped: [...dropped].sort(),
  };
}

/** Paths of the parameters that are text. */
function textsOf(xs: readonly JsonObject[]): Set<string> {
  const found = new Map<string, { count: number; longest: number; different: Set<string> }>();
  for (const x of xs) {
    without(x, (path, value) => {
      const own = found.get(path) ?? { count: 0, longest: 0, different: new Set() };
      found.set(path, own);
      own.count += 1;
      own.longest = Math.max(own.longest, value.length);
      own.different.add(value);
      return false;
    });
  }
  const isText = ({ count, longest, different }: { count: number; longest: number; different: Set<string> }) =>
    longest > LONGEST_CATEGORY || (different.size >= LEAST_TEXTS && different.size > MOST_DIFFERENT * count);
  return new Set([...found].filter(([, values]) => isText(values)).map(([path]) => path));
}

/** A copy without the strings that `isText` names. What holds nothing else any more goes with them. */
function without(record: JsonObject, isText: (path: string, value: string) => boolean): JsonObject {
  const kept = (path: string, value: Json): Json | undefined => {
    if (typeof value === 'string') return isText(path, value) ? undefined : value;
    if (value === null || typeof value !== 'object') return value;
    const entries = Array.isArray(value)
      ? value.map((item): [string, Json | undefined] => ['', kept(`${path}[]`, item)])
      : Object.entries(value).map(([key, item]): [string, Json | undefined] => [
          key,
          kept(`${path}.${escaped(key)}`, item),
        ]);
    const left = entries.filter((entry): entry is [string, Json] => entry[1] !== undefined);
    if (left.length === 0 && entries.length > 0) return undefined;
    // fromEntries makes own properties of any name, where assignment would fall for some.
    return Array.isArray(value) ? left.map(([, item]) => item) : Object.fromEntries(left);
  };
  const entries = Object.entries(record).map(([key, value]): [string, Json | undefined] => [
    key,
    kept(escaped(key), value),
  ]);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** A dot inside a key is not one between two. */
const escaped = (key: string): string => key.replaceAll('.', '\\.');
