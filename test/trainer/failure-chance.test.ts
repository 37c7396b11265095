// The chance of failure follows the parameters where failures do, and stays at their rate where they do not.
import { describe, expect, it } from 'vitest';
import { FailureChance } from '../../trainer/failure-chance.js';
import { Random } from '../../trainer/random.js';

interface Point {
  mem: number;
  alg: string;
}
type Rule = (x: Point, random: Random) => boolean;
const tooLarge: Rule = ({ mem, alg }) => mem > 20 || (alg === 'c' && mem > 10);
const byChance: Rule = (_x, random) => random.uniform() < 0.3;

function points(count: number, rule: Rule, random: Random) {
  return Array.from({ length: count }, () => {
    const x = { mem: 32 * random.uniform(), alg: 'abc'[random.integer(3)]! };
    return { x: { ...x }, failed: rule(x, random) };
  });
}

/** Of fresh points: mean log loss in nats, that of the rate among the trials, and the share of pairs that are told apart. */
function judge(rule: Rule, trials: number, seed: number) {
  const random = new Random(seed);
  const known = points(trials, rule, random);
  const fresh = points(300, rule, random);
  const chance = FailureChance.fit(
    known.map(({ x }) => x),
    known.map(({ failed }) => failed),
    1,
  )!;
  const p = chance.of(chance.shares(fresh.map(({ x }) => x)));
  for (const one of p) expect(one > 0 && one < 1).toBe(true);
  const rate = (known.filter(({ failed }) => failed).length + 0.5) / (trials + 1);
  const loss = (of: (i: number) => number) =>
    fresh.reduce((sum, { failed }, i) => sum - Math.log(failed ? of(i) : 1 - of(i)), 0) / fresh.length;
  let [pairs, right] = [0, 0];
  fresh.forEach((one, i) => {
    fresh.forEach((other, j) => {
      if (!one.failed || other.failed) return;
      pairs++;
      right += p[i]! > p[j]! ? 1 : p[i] === p[j] ? 0.5 : 0;
    });
  });
  return { loss: loss((i) => p[i]!), rate: loss(() => rate), auc: right / pairs };
}

describe('the chance of failure', () => {
  it.each([20, 60, 150])('follows a rule, from %i trials', (trials) => {
    const { loss, rate, auc } = judge(tooLarge, trials, trials);
    expect(auc).toBeGreaterThan(0.95);
    expect(loss).toBeLessThan(0.5 * rate);
  });

  it.each([20, 60, 150])('stays near the rate where failures have none, from %i trials', (trials) => {
    const losses = [1, 2, 3, 4, 5].map((seed) => judge(byChance, trials, seed));
    const excess = losses.reduce((sum, { loss, rate }) => sum + (loss - rate) / losses.length, 0);
    expect(excess).toBeLessThan(0.05);
  });

  it('is the rate where nothing has succeeded, and unknown where nothing has failed', () => {
    const x = [{ a: 1 }, { a: 2 }, { a: 3 }];
    const all = FailureChance.fit(x, [true, true, true], 1)!;
    expect([...all.of(all.shares(x))]).toEqual([3.5 / 4, 3.5 / 4, 3.5 / 4]);
    expect(FailureChance.fit(x, [false, false, false], 1)).toBeUndefined();
    const one = FailureChance.fit([{ a: 1 }], [true], 1)!;
    expect([...one.of(one.shares([{ a: 7 }]))]).toEqual([0.75]);
  });
});
