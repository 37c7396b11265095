// Measured values as a distribution of the next one: closed forms, and that its central shares hold what they say.
import { describe, expect, it } from 'vitest';
import { MeasuredValues } from '../../../trainer/calibration/measured-values.js';
import { Random } from '../../../trainer/random.js';

describe('measured values', () => {
  it('stand at even ranks, the next one beyond none of them', () => {
    const values = new MeasuredValues([9, 1, 3, 2, 5, 4, 7, 6, 8]);
    expect([0.1, 0.25, 0.5, 0.9].map((p) => values.quantile(p))).toEqual([1, 2.5, 5, 9]);
    expect([0, 0.01, 0.99, 1].map((p) => values.quantile(p))).toEqual([1, 1, 9, 9]);
    expect([0.1, 0.9].map((p) => new MeasuredValues([4]).quantile(p))).toEqual([4, 4]);
  });

  it('hold the next one as often as they say', () => {
    const random = new Random(2);
    let held = 0;
    for (let r = 0; r < 3000; r++) {
      const values = new MeasuredValues(Array.from({ length: 19 }, () => Math.exp(random.normal())));
      const next = Math.exp(random.normal());
      if (values.quantile(0.1) <= next && next <= values.quantile(0.9)) held++;
    }
    expect(Math.abs(held / 3000 - 0.8)).toBeLessThan(0.03);
  });
});
