// Intervals outside of what a study has tried, on simulated functions: a model that is sure of what it cannot know must not seem so.
import { describe, expect, it } from 'vitest';
import { Calibration } from '../../../trainer/calibration/calibration.js';
import { scoreOf } from '../../../trainer/calibration/scored.js';
import type { Distribution } from '../../../trainer/distribution.js';
import { Evidence } from '../../../trainer/evidence.js';
import { FittedStudy } from '../../../trainer/prediction/fitted-study.js';
import { Random } from '../../../trainer/random.js';
import type { JsonObject, StudyData } from '../../../trainer/types.js';
import { normalHistogram } from '../distributions.js';

const random = new Random(11);
const CATEGORIES: Record<string, number> = { A: 0, B: 8, C: 20, D: 12, E: 30 };
const runtime = (c: string, a: number): number => CATEGORIES[c]! + 3 * a + 0.5 * random.normal();
const drawn = () => ({ c: 'ABC'[random.integer(3)]!, a: 10 * random.uniform() });

const trials = Array.from({ length: 40 }, () => {
  const x = drawn();
  return { x, y: runtime(x.c, x.a) };
});
const study: StudyData = { id: 's', metadata: {}, objective: { name: 'y' }, trials };
// Neither the model nor other studies are asked here.
const fitted = new FittedStudy(study, () => undefined, undefined as never, undefined as never);
const scores = Array.from({ length: 40 }, () => scoreOf(normalHistogram(0, 0.5), 0.5 * random.normal()));
const calibration = new Calibration(scores, [], fitted.range);

const about = (x: JsonObject, stated: Distribution, level = 0.9) =>
  calibration.interval(stated, level, undefined, fitted.besides({ x }, stated));

/** Share of `draws` held where the model says `median` ± `sd`. */
function held(draws: { x: JsonObject; y: number }[], median: number, sd: number): number {
  const inside = draws.filter(({ x, y }) => {
    const { lower, upper } = about(x, normalHistogram(median, sd));
    return lower <= y && y <= upper;
  });
  return inside.length / draws.length;
}

describe('intervals outside of what was tried', () => {
  it('are the calibrated ones within it, bit for bit', () => {
    for (let i = 0; i < 50; i++) {
      const stated = normalHistogram(30 * random.uniform(), 0.5);
      const x = drawn();
      expect(fitted.besides({ x }, stated)).toEqual([]);
      expect(about(x, stated)).toEqual(calibration.interval(stated, 0.9));
    }
  });

  it('hold what the model itself does not exclude, where it has to continue', () => {
    const stated = normalHistogram(50, 12);
    const { lower, upper } = about({ c: 'A', a: 17 }, stated);
    expect(lower).toBeLessThanOrEqual(stated.quantile(0.05));
    expect(upper).toBeGreaterThanOrEqual(stated.quantile(0.95));
  });

  it('hold what the study usually measures, where a parameter is left out or a category is new', () => {
    const leftOut = Array.from({ length: 200 }, () => {
      const { c, a } = drawn();
      return { x: { c }, y: runtime(c, a) };
    });
    const isNew = Array.from({ length: 200 }, () => {
      const { a } = drawn();
      return { x: { c: 'D', a }, y: runtime('D', a) };
    });
    expect(held(leftOut, 25, 0.5)).toBeGreaterThan(0.85);
    expect(held(isNew, 25, 0.5)).toBeGreaterThan(0.85);
    // Without it next to none of them were held.
    const plain = calibration.interval(normalHistogram(25, 0.5), 0.9);
    expect(leftOut.filter(({ y }) => plain.lower <= y && y <= plain.upper).length).toBeLessThan(40);
  });

  it('lets the model continue a growth beyond the plausible range only there', () => {
    const evidence = Evidence.fit(trials, 1);
    expect(evidence.plausible({ x: { c: 'A', a: 5 } })?.continued).toBeUndefined();
    expect(evidence.plausible({ x: { c: 'A', a: 30 } })?.continued).toBe(true);
  });
});
