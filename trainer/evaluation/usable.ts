// The studies that an evaluation can use: how each is split, which are predicted, and the groups they are dealt into.

import { rootOf } from '../study-root.js';
import { thin } from '../thin.js';
import { type Split, splitStudy } from './splits.js';
import type { EvaluatedStudy, EvaluationConfig, Skipped } from './types.js';

export interface Usable extends EvaluatedStudy {
  split: Split;
  /** Whether it is predicted, or only learned from. */
  asked: boolean;
  /** Number of its group: it is predicted by a model that learned from the other groups. Null where all models learn from it. */
  fold: number | null;
}

export async function splitAll(
  studies: readonly EvaluatedStudy[],
  config: EvaluationConfig,
): Promise<{ usable: Usable[]; skipped: Skipped[] }> {
  const families = new Map<string, Usable[]>();
  const skipped: Skipped[] = [];
  for (const study of studies) {
    const split = splitStudy(await study.source.outcomes(), config);
    if ('reason' in split) {
      skipped.push({ study: study.source.id, reason: split.reason });
      continue;
    }
    const own = { ...study, split, asked: false, fold: null };
    families.set(study.family, [...(families.get(study.family) ?? []), own]);
  }
  for (const family of families.values())
    for (const study of thin(family, config.askedStudies || family.length)) study.asked = true;
  const usable = [...families.values()].flat();
  const groups = dealGroups([...families.values()], config.folds);
  for (const study of usable) study.fold = groups.get(rootOf(study.source)) ?? null;
  return { usable, skipped };
}

/**
 * A group for each study that is predicted, by its root: a model that learned one objective of a study has seen the x of the
 * others. Families are dealt evenly, the smallest first: what the objectives of a study fix for one family is made up for in a
 * larger one.
 */
function dealGroups(families: readonly Usable[][], folds: number): Map<string, number> {
  const groups = new Map<string, number>();
  const asked = families.map((family) => [
    ...new Set(family.filter((study) => study.asked).map(({ source }) => rootOf(source))),
  ]);
  for (const roots of asked.sort((a, b) => a.length - b.length)) {
    const sizes = Array.from({ length: folds }, (_, fold) => roots.filter((root) => groups.get(root) === fold).length);
    for (const root of roots) {
      if (groups.has(root)) continue;
      const fold = sizes.indexOf(Math.min(...sizes));
      groups.set(root, fold);
      sizes[fold]!++;
    }
  }
  return groups;
}

/** The family's studies outside of the study's group, and so none of its own other objectives: what its model was trained on. */
export const poolStudies = (usable: readonly Usable[], { family, fold }: Usable): Usable[] =>
  usable.filter((other) => other.family === family && other.fold !== fold);
