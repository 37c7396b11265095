// Conformal correction: coverage on simulated studies whose model is over- or underconfident.
import { describe, expect, it } from 'vitest';
import { calibratedShare, centralInterval, centrality } from '../../trainer/calibration.js';
import { Random } from '../../trainer/random.js';
import { normalHistogram as normal } from './distributions.js';

describe('calibration', () => {
  it.each([0.4, 1, 2.5])('holds 90 percent where the model states %s of the true standard deviation', (stated) => {
    const random = new Random(5);
    let held = 0;
    const repeats = 400;
    for (let r = 0; r < repeats; r++) {
      const study = Array.from({ length: 20 }, () => centrality(normal(0, stated), random.normal()));
      const { lower, upper } = centralInterval(normal(0, stated), 0.9, calibratedShare({ study, model: [] }, 0.9));
      const y = random.normal();
      if (y >= lower && y <= upper) held++;
    }
    // Split conformal on n = 20 holds exactly 19/21 = 90.5%; 3 standard errors of 400 draws are 4.4 points.
    expect(Math.abs(held / repeats - 19 / 21)).toBeLessThan(0.045);
  });

  it('is the stated level where there is nothing to correct on', () => {
    expect(calibratedShare({ study: [], model: [] }, 0.8)).toBe(0.8);
  });

  it('leaves the study out below nine trials and leans on the model', () => {
    const model = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
    const share = calibratedShare({ study: [1, 1, 1], model }, 0.5);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.6);
  });

  it('takes the whole distribution where the level asks for more trials than there are', () => {
    expect(calibratedShare({ study: new Array(9).fill(0.5), model: [] }, 0.99)).toBe(1);
  });
});
