// Gallagher's Gaussian peaks, f21 and f22 of the BBOB suite: one peak at the optimum among 20 or 100 lower ones.
import { Random } from '../../random.js';
import { type BbobInstance, oscillate, penalty } from './bbob-transformations.js';
import { map, times, type Vector } from './vectors.js';

/** @param conditioning of the highest peak */
export const gallagher =
  (peaks: number, conditioning: number) =>
  ({ optimum, R, seed }: BbobInstance): ((x: Vector) => number) => {
    const random = new Random(seed);
    const D = optimum.length;
    const reach = peaks === 101 ? 5 : 4.9;
    const others = random.shuffle(Array.from({ length: peaks - 1 }, (_, j) => 1000 ** ((2 * j) / (peaks - 2))));
    const summits = [conditioning, ...others].map((alpha, p) => {
      const order = random.shuffle(Array.from({ length: D }, (_, i) => i));
      const at = p === 0 ? optimum : map(optimum, () => reach * (2 * random.uniform() - 1));
      return {
        height: p === 0 ? 10 : 1.1 + (8 * (p - 1)) / (peaks - 2),
        rotated: times(R, at),
        axes: map(optimum, (_, i) => alpha ** (0.5 * (D > 1 ? order[i]! / (D - 1) : 0)) / alpha ** 0.25),
      };
    });
    return (x) => {
      const rx = times(R, x);
      let highest = 0;
      for (const { height, rotated, axes } of summits) {
        let distance = 0;
        for (let i = 0; i < D; i++) distance += axes[i]! * (rx[i]! - rotated[i]!) ** 2;
        highest = Math.max(highest, height * Math.exp(-distance / (2 * D)));
      }
      return oscillate(10 - highest) ** 2 + penalty(x);
    };
  };
