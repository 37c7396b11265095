// How studies are dealt into groups: by the whole study, evenly in each family.
import { describe, expect, it } from 'vitest';
import { resolveEvaluationConfig } from '../../../trainer/evaluation/config.js';
import type { EvaluatedStudy } from '../../../trainer/evaluation/types.js';
import { poolStudies, splitAll } from '../../../trainer/evaluation/usable.js';
import { rootOf } from '../../../trainer/study-root.js';
import { memoryStudy } from '../../../trainer/study-source.js';

const view = (id: string, objective: string, family: string): EvaluatedStudy => {
  const trials = Array.from({ length: 30 }, (_, i) => ({ x: { level: i }, y: i }));
  return { family, source: memoryStudy({ id, metadata: {}, objective: { name: objective }, trials }) };
};

it.each([
  ['study_1', 'loss', 'study_1'],
  ['study_1/loss', 'loss', 'study_1'],
  ['study_1/p99/ms', 'p99/ms', 'study_1'],
  ['caches/one', 'ms', 'caches/one'],
])('%s through %s is of %s', (id, name, root) => expect(rootOf({ id, objective: { name } })).toBe(root));

describe('groups', () => {
  it('hold a study with all of its objectives, in whichever families, asked about or not', async () => {
    const studies = ['a', 'b', 'c', 'd'].flatMap((id) => [
      view(`${id}/loss`, 'loss', 'l'),
      view(`${id}/ms`, 'ms', 'm'),
    ]);
    const { usable } = await splitAll(studies, resolveEvaluationConfig({ folds: 2, askedStudies: 2 }));
    const groups = Object.fromEntries(usable.map(({ source, fold, asked }) => [source.id, [fold, asked]]));
    // Of each family the first and the last are asked about; all models learn from the others.
    expect(groups).toEqual({
      'a/loss': [0, true],
      'a/ms': [0, true],
      'b/loss': [null, false],
      'b/ms': [null, false],
      'c/loss': [null, false],
      'c/ms': [null, false],
      'd/loss': [1, true],
      'd/ms': [1, true],
    });
  });

  it('leave the other objectives of a study out of what is pooled for it', async () => {
    const studies = ['a', 'b', 'c'].flatMap((id) => ['loss', 'ms'].map((name) => view(`${id}/${name}`, name, 'all')));
    const { usable } = await splitAll(studies, resolveEvaluationConfig({ folds: 3 }));
    const pooled = poolStudies(usable, usable[0]!).map(({ source }) => source.id);
    expect(pooled).toEqual(['b/loss', 'b/ms', 'c/loss', 'c/ms']);
  });

  it('are even in a small family, though a large one shares its studies', async () => {
    const studies = ['a', 'b', 'c'].map((id) => view(`${id}/loss`, 'loss', 'large'));
    const both = [...studies, view('a/ms', 'ms', 'small'), view('c/ms', 'ms', 'small')];
    const { usable } = await splitAll(both, resolveEvaluationConfig({ folds: 2 }));
    for (const study of usable) expect(poolStudies(usable, study)).not.toEqual([]);
  });
});
