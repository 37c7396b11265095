// The parts that joint distributions are cut into: bounded in number, balanced between any two objectives.
import { expect, it } from 'vitest';
import { strata } from '../../../trainer/joint/strata.js';

it('takes 8 paths for two objectives, 16 for three, never more than 64', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((objectives) => strata(objectives).length)).toEqual([
    1, 8, 16, 32, 32, 64, 64, 64,
  ]);
});

it('lets the parts of any two objectives meet equally often, and covers each objective', () => {
  for (let objectives = 1; objectives <= 8; objectives++) {
    const paths = strata(objectives);
    for (let a = 0; a < objectives; a++) {
      const covered = paths.reduce((sum, path) => sum + (path[a]!.to - path[a]!.from), 0);
      const width = paths[0]![a]!.to - paths[0]![a]!.from;
      expect(covered).toBeCloseTo(paths.length * width, 12);
      for (let b = 0; b < a; b++) {
        const meetings = new Map<string, number>();
        for (const path of paths) {
          const key = `${path[a]!.from} ${path[b]!.from}`;
          meetings.set(key, (meetings.get(key) ?? 0) + 1);
        }
        const parts = (j: number) => new Set(paths.map((path) => path[j]!.from)).size;
        expect(meetings.size).toBe(parts(a) * parts(b));
        expect(new Set(meetings.values()).size).toBe(1);
      }
    }
  }
});
