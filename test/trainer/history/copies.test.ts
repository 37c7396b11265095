// A study imported twice, or again when it had grown, is no relative of itself.
import { describe, expect, it } from 'vitest';
import type { Relative } from '../../../trainer/history/alike.js';
import { withoutCopies } from '../../../trainer/history/copies.js';
import { History } from '../../../trainer/history/history.js';
import { collectKnown, type KnownTrial } from '../../../trainer/history/known-studies.js';
import { Random } from '../../../trainer/random.js';
import { memoryStudy } from '../../../trainer/study-source.js';

const random = new Random(3);
const noisy = (a: number): KnownTrial => ({ x: { a, mode: 'fast' }, y: a + random.normal() });
const trials = Array.from({ length: 40 }, (_, i) => noisy(i));
const relative = (id: string, of: readonly KnownTrial[], weight = 0.5): Relative => ({
  study: { id, metadata: {}, objective: { name: 'time' }, trials: of },
  weight,
});
/** The same parameters, measured anew. */
const sibling = relative(
  'sibling',
  trials.map(({ x }, i) => ({ x, y: 3 * i + random.normal() })),
);
const kept = (relatives: Relative[], own: readonly KnownTrial[] = trials) =>
  withoutCopies(relatives, own).map(({ study, weight }) => [study.id, study.trials.length, weight]);

describe('a copy of a study', () => {
  it('is not asked about it, in whole or in part, however its keys are ordered', () => {
    const turned = trials.map(({ x, y }) => ({ x: { mode: x.mode!, a: x.a! }, y }));
    expect(kept([relative('copy', turned), sibling])).toEqual([['sibling', 40, 1]]);
    expect(kept([relative('older', trials.slice(0, 25))])).toEqual([]);
    // Of a fold of the study the others are those that are asked about.
    expect(kept([relative('copy', trials)], trials.slice(8))).toEqual([]);
  });

  it('that went on is asked through the trials that the study does not have', () => {
    const again = relative('again', [...trials.slice(0, 10), ...Array.from({ length: 30 }, (_, i) => noisy(100 + i))]);
    expect(kept([again], trials.slice(0, 10))).toEqual([['again', 30, 1]]);
  });

  it('is told by three trials and more, and by values that differ', () => {
    const copy = relative('copy', trials);
    expect(kept([copy], trials.slice(0, 2))).toEqual([['copy', 40, 0.5]]);
    expect(kept([copy], trials.slice(0, 3))).toEqual([['copy', 37, 1]]);
    const passes = trials.map(({ x }, i) => ({ x, y: i % 2 }));
    expect(kept([relative('as often passed', passes)], passes)).toEqual([['as often passed', 40, 0.5]]);
  });

  it('leaves alone those who measured the same parameters anew', () => {
    const relatives = [sibling];
    expect(withoutCopies(relatives, trials)).toBe(relatives);
  });

  it('makes history no surer of what was not measured', async () => {
    const study = (id: string, of: readonly KnownTrial[]) =>
      memoryStudy({ id, metadata: {}, objective: { name: 'time' }, trials: [...of] });
    const others = Array.from({ length: 4 }, (_, k) =>
      study(
        `other ${k}`,
        trials.map(({ x }, i) => ({ x, y: i + k + random.normal() })),
      ),
    );
    const errorOf = (fitted: { crossFitted: { mean: Float64Array } }) =>
      trials.reduce((sum, { y }, i) => sum + Math.abs(fitted.crossFitted.mean[i]! - y), 0) / trials.length;
    const about = async (known: typeof others) =>
      new History(await collectKnown(known)).about(
        { id: 'asked', metadata: {}, objective: { name: 'time' } },
        trials.map(({ x }) => x),
      )!;
    const honest = errorOf((await about(others)).fit(trials));
    const fooled = await about([...others, study('copy', trials)]);
    expect(errorOf(fooled.fit(trials))).toBeLessThan(0.5 * honest);
    expect(errorOf(fooled.unlike(trials)!.fit(trials))).toBeCloseTo(honest, 12);
  });
});
