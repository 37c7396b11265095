// Studies whose trials lie in memory, as sources like any other; and draws of a few trials out of very many.
import { createHash } from 'node:crypto';
import type { Random } from './random.js';
import type { StudyData, StudyHead, StudySource } from './types.js';

/** A source on trials that are in memory. */
export function memoryStudy(study: StudyData): StudySource {
  const { trials } = study;
  const outcomes = Float64Array.from(trials, ({ y }) => y ?? Number.NaN);
  return {
    ...headOf(study),
    trials: trials.length,
    version: createHash('sha256').update(JSON.stringify(trials)).digest('hex'),
    outcomes: async () => outcomes,
    read: async (positions) => Array.from(positions, (position) => trials[position]!),
  };
}

/** What a study is about, without its trials: small enough to be sent along with each question. */
export function headOf({ id, metadata, objective, others }: StudyHead): StudyHead {
  return { id, metadata, objective, ...(others && { others }) };
}

export function sourceOf(study: StudyData | StudySource): StudySource {
  return 'read' in study ? study : memoryStudy(study);
}

/**
 * `count` of the items in random order, without replacement and without copying them all: a Fisher-Yates shuffle that
 * is stopped early and remembers only what it has moved.
 */
export function drawFew(items: Int32Array, count: number, random: Random): Int32Array {
  const moved = new Map<number, number>();
  const at = (place: number) => moved.get(place) ?? items[place]!;
  const drawn = new Int32Array(Math.min(count, items.length));
  for (let i = 0; i < drawn.length; i++) {
    const j = i + random.integer(items.length - i);
    drawn[i] = at(j);
    moved.set(j, at(i));
  }
  return drawn;
}
