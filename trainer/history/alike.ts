// Which of the known studies speak of a study, and how alike they are: by the parameters they share, by what they measure, by their metadata.
import { mean, standardDeviation } from '../statistics.js';
import { rootOf } from '../study-root.js';
import type { Json, JsonObject, StudyHead } from '../types.js';
import { type KnownStudy, keyOfKnown } from './known-studies.js';

/** Studies that are asked, at most: those most alike. */
const MOST_RELATIVES = 16;
/** Two studies are related where they share this part of the smaller one's parameters, and this part of them all. */
const SHARED_OF_SMALLER = 0.6;
const SHARED_OF_ALL = 0.3;
/** Trials looked at for the names of the parameters. */
const LOOKED_AT = 50;
/** The distance of a fact that the other study does not state. */
const UNSTATED = 0.5;
/** How fast the weight falls with the distance of metadata, which is between 0 and 1. */
const SHARPNESS = 6;

export interface Relative {
  study: KnownStudy;
  /** Of all relatives' weights, which sum to 1. */
  weight: number;
}

export function parameterNames(xs: readonly JsonObject[]): Set<string> {
  const names = new Set<string>();
  for (const x of xs.slice(0, LOOKED_AT)) for (const name of Object.keys(x)) names.add(name);
  return names;
}

/** What a study says of itself, for a comparison with others or for learning from it. */
export const describe = ({ metadata, objective }: Pick<StudyHead, 'metadata' | 'objective'>): JsonObject => ({
  ...metadata,
  '⟨objective⟩': objective.name,
});

/**
 * The known studies that share parameters with this one, never the study itself, through none of its objectives: another of them knows of
 * the very trials that are left out to see how well others speak. Where some measure the same objective in the same unit, the others are
 * not asked.
 * @param names of the study's parameters
 * @param namesOf each known study's
 * @returns most alike first
 */
export function relativesOf(
  study: StudyHead,
  names: ReadonlySet<string>,
  known: readonly KnownStudy[],
  namesOf: (study: KnownStudy) => ReadonlySet<string>,
): Relative[] {
  const root = rootOf(study);
  const others = known.filter((other) => rootOf(other) !== root && isRelated(names, namesOf(other)));
  const same = others.filter((other) => measures(other) === measures(study));
  const asked = same.length > 0 ? same : others;
  const distances = metadataDistances(study, asked);
  const nearest = asked
    .map((other, i) => ({ study: other, distance: distances[i]! }))
    .sort(
      (a, b) =>
        a.distance - b.distance ||
        b.study.trials.length - a.study.trials.length ||
        (keyOfKnown(a.study) < keyOfKnown(b.study) ? -1 : 1),
    )
    .slice(0, MOST_RELATIVES);
  return togetherOne(
    nearest.map(({ study: other, distance }) => ({
      study: other,
      weight: Math.exp(-SHARPNESS * (distance - nearest[0]!.distance)),
    })),
  );
}

/** The same relatives, their weights in the same proportions and 1 together. */
export function togetherOne(relatives: readonly Relative[]): Relative[] {
  const total = relatives.reduce((sum, { weight }) => sum + weight, 0);
  return relatives.map(({ study, weight }) => ({ study, weight: weight / total }));
}

const measures = ({ objective: { name, unit } }: Measuring): string =>
  JSON.stringify([name.trim().toLowerCase(), unit ?? '']);

type Measuring = Pick<StudyHead, 'objective'>;

/** Whether both studies state what their numbers are in, and it is not the same. */
export function inAnotherUnit(a: Measuring, b: Measuring): boolean {
  const [one, other] = [a.objective.unit?.trim(), b.objective.unit?.trim()];
  return Boolean(one) && Boolean(other) && one !== other;
}

function isRelated(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0;
  for (const name of a) if (b.has(name)) shared++;
  const smaller = Math.min(a.size, b.size);
  return smaller > 0 && shared >= SHARED_OF_SMALLER * smaller && shared >= SHARED_OF_ALL * (a.size + b.size - shared);
}

/** A number, or the words of anything else. */
type Fact = number | ReadonlySet<string>;

/** Between 0 and 1 for each: the mean over the study's facts, of numbers in standard deviations, of texts by their words. */
function metadataDistances(study: StudyHead, others: readonly KnownStudy[]): number[] {
  const own = factsOf(study);
  const theirs = others.map(factsOf);
  const spreads = new Map<string, number>();
  for (const name of own.keys()) {
    const values = [own, ...theirs].flatMap((facts) => {
      const fact = facts.get(name);
      return typeof fact === 'number' ? [fact] : [];
    });
    spreads.set(name, standardDeviation(values) || 1);
  }
  return theirs.map((facts) => {
    const distances = Array.from(own, ([name, fact]) => {
      const other = facts.get(name);
      return other === undefined ? UNSTATED : factDistance(fact, other, spreads.get(name)!);
    });
    return mean(distances);
  });
}

function factDistance(a: Fact, b: Fact, spread: number): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.min(1, Math.abs(a - b) / spread);
  if (typeof a === 'number' || typeof b === 'number') return 1;
  let shared = 0;
  for (const word of a) if (b.has(word)) shared++;
  const union = a.size + b.size - shared;
  return union > 0 ? 1 - shared / union : 0;
}

function factsOf(study: Pick<StudyHead, 'metadata' | 'objective'>): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  const visit = (value: Json, path: string): void => {
    if (typeof value === 'number') facts.set(path, value);
    else if (typeof value === 'string') facts.set(path, numberOrWords(value));
    else if (typeof value === 'boolean') facts.set(path, new Set([String(value)]));
    else if (Array.isArray(value)) facts.set(path, wordsOf(JSON.stringify(value)));
    else if (value !== null) for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`);
  };
  visit(describe(study), '');
  return facts;
}

function numberOrWords(text: string): Fact {
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : wordsOf(text);
}

/** Longer texts are read to here. */
const MAX_CHARACTERS = 2000;

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .slice(0, MAX_CHARACTERS)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [],
  );
