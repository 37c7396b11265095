// History: studies learn from each other and never from themselves.
import { describe, expect, it } from 'vitest';
import { collectHistory, fitHistory, historyFolds, mergeHistory } from '../../trainer/history.js';
import { Random } from '../../trainer/random.js';
import { memoryStudy } from '../../trainer/study-source.js';
import type { StudyData } from '../../trainer/types.js';

/** y = scale · (a − 3)² + offset over random a: the same shape in every study, in other units. */
function parabola(id: string, scale: number, offset: number, objective = 'loss'): StudyData {
  const random = new Random(scale * 100, offset);
  return {
    id,
    metadata: { rows: 10 * scale, nested: { deep: true } },
    objective: { name: objective },
    trials: Array.from({ length: 60 }, () => {
      const a = random.uniform() * 6;
      return { x: { a }, y: scale * (a - 3) ** 2 + offset };
    }),
  };
}

const studies = [1, 2, 3, 4, 5, 6, 7].map((i) => parabola(`s${i}`, i, 100 * i));
const asked = { ...parabola('new', 50, -1000), trials: [] };
const collect = (all: readonly StudyData[]) => collectHistory(all.map(memoryStudy));
const xs = [{ a: 0.2 }, { a: 1.5 }, { a: 3 }, { a: 5.8 }];

describe('history', () => {
  it('knows the shape that all studies share, whatever their units', async () => {
    const u = fitHistory(await collect(studies), asked, new Set())!(asked, xs);
    expect(u[2]).toBeLessThan(u[1]!);
    expect(u[1]).toBeLessThan(u[0]!);
    expect(u[2]).toBeLessThan(u[3]!);
  });

  it('does not change for a study when that study measures something else', async () => {
    const before = fitHistory(await collect(studies), studies[0]!, new Set(['s1']))!(studies[0]!, xs);
    const changed = { ...studies[0]!, trials: studies[0]!.trials.map(({ x }) => ({ x, y: 1e6 })) };
    const after = fitHistory(await collect([changed, ...studies.slice(1)]), changed, new Set(['s1']))!(changed, xs);
    expect(after).toEqual(before);
  });

  it('leaves every study out once, together with at most a fifth of the others, and studies that stand alone never', async () => {
    const alone = parabola('alone', 1, 0, 'seconds');
    const all = [...studies, alone];
    const folds = historyFolds(all, await collect(all));
    expect(folds.flatMap((fold) => fold.studies).sort()).toEqual([...studies.keys()]);
    for (const fold of folds) {
      expect(fold.studies.length).toBeLessThanOrEqual(2);
      const outside = studies.filter((_, i) => !fold.studies.includes(i)).map(({ id }) => id);
      expect([...new Set(fold.rows.map((row) => row.study))]).toEqual(outside);
    }
    expect(fitHistory(await collect([...studies, alone]), alone, new Set(['alone']))).toBeUndefined();
  });

  it('pools studies by the name of what they measure, upper or lower case', async () => {
    const rows = await collect([parabola('a', 1, 0, 'Loss '), parabola('b', 2, 0, 'accuracy')]);
    expect(fitHistory(rows, asked, new Set())).toBeDefined();
    expect(fitHistory(rows, asked, new Set(['a']))).toBeUndefined();
  });

  it('keeps what a parent knew, but for studies learned anew, and stays bounded', async () => {
    const parents = await collect([studies[0]!, studies[1]!]);
    const own = await collect([studies[1]!]);
    const merged = mergeHistory(own, parents);
    expect(merged.filter((row) => row.study === 's2')).toEqual(own);
    expect(merged.filter((row) => row.study === 's1')).toHaveLength(60);
    const many = Array.from({ length: 200 }, (_, i) => ({ ...parents[0]!, study: `p${i}` }));
    const large = mergeHistory(own, Array.from({ length: 50 }, () => many).flat());
    expect(large.length).toBe(6000);
    const diverse = Array.from({ length: 100 }, (_, i) => many.map((row) => ({ ...row, objective: `o${i}` }))).flat();
    expect(diverse.length).toBe(20_000);
    const bounded = mergeHistory([], [...diverse, ...diverse, ...diverse]);
    expect(bounded.length).toBe(48_000);
    expect(new Set(bounded.map((row) => row.objective)).size).toBe(100);
  });
});
