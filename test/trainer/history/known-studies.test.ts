// What is kept of studies: their measured trials, bounded, and nothing twice.
import { describe, expect, it } from 'vitest';
import { collectKnown, type KnownStudy, mergeKnown } from '../../../trainer/history/known-studies.js';
import { memoryStudy } from '../../../trainer/study-source.js';
import type { StudyData } from '../../../trainer/types.js';

const study = (id: string, trials: number, failed = 0): StudyData => ({
  id,
  metadata: { of: id },
  objective: { name: 'ms', unit: 'ms' },
  trials: Array.from({ length: trials }, (_, i) => ({ x: { i }, y: i < failed ? null : i })),
});

describe('known studies', () => {
  it('keep measured trials with what the study says of itself, and none where none was measured', async () => {
    const known = await collectKnown([study('a', 5, 2), study('b', 3, 3)].map(memoryStudy));
    expect(known).toHaveLength(1);
    expect(known[0]).toMatchObject({ id: 'a', metadata: { of: 'a' }, objective: { name: 'ms', unit: 'ms' } });
    expect(known[0]!.trials.map(({ y }) => y).sort()).toEqual([2, 3, 4]);
    for (const { x, y } of known[0]!.trials) expect(x).toEqual({ i: y });
  });

  it('keep an even choice of a long study, and less of each the more there are', async () => {
    const [alone] = await collectKnown([memoryStudy(study('long', 5000))]);
    expect(alone!.trials).toHaveLength(1000);
    const mean = alone!.trials.reduce((sum, { y }) => sum + y, 0) / 1000;
    expect(mean).toBeGreaterThan(2300);
    expect(mean).toBeLessThan(2700);
    const many = await collectKnown(Array.from({ length: 96 }, (_, i) => memoryStudy(study(`s${i}`, 700))));
    expect(many.every(({ trials }) => trials.length === 500)).toBe(true);
  });

  it('of a parent stay known, but for those learned anew, and all of them bounded', async () => {
    const [a, b] = (await collectKnown([study('a', 4), study('b', 4)].map(memoryStudy))) as [KnownStudy, KnownStudy];
    const again = { ...b, metadata: { of: 'b', version: 2 } };
    expect(mergeKnown([again], [a, b])).toEqual([again, a]);
    const trials = Array.from({ length: 1000 }, (_, y) => ({ x: { y }, y }));
    const parents = Array.from({ length: 200 }, (_, i) => ({ ...a, id: `p${i}`, trials }));
    const merged = mergeKnown([again], parents);
    expect(merged).toHaveLength(201);
    expect(merged.reduce((sum, one) => sum + one.trials.length, 0)).toBeLessThanOrEqual(48_000);
    expect(merged[1]!.trials[0]).toEqual(trials[0]);
  });
});
