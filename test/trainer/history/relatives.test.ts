// What related studies say: of a study without trials, bent to its first ones, and never from the study itself.
import { describe, expect, it } from 'vitest';
import { Evidence } from '../../../trainer/evidence.js';
import { fitExperts } from '../../../trainer/experts/fit-experts.js';
import { History } from '../../../trainer/history/history.js';
import { collectKnown } from '../../../trainer/history/known-studies.js';
import { Random } from '../../../trainer/random.js';
import { memoryStudy } from '../../../trainer/study-source.js';
import type { StudyData } from '../../../trainer/types.js';

/** Seconds of a machine: a bowl over a and a category, times a power of the size that its metadata states. */
function machine(id: number, trials = 60): StudyData {
  const random = new Random(id);
  const size = 2 ** random.integer(8);
  return {
    id: `m${id}`,
    metadata: { size, system: 'store' },
    objective: { name: 'time', unit: 's' },
    trials: Array.from({ length: trials }, () => {
      const x = { a: 6 * random.uniform(), mode: random.integer(2) === 0 ? 'fast' : 'safe', idle: random.uniform() };
      return { x, y: size * (1 + (x.a - 3) ** 2) * (x.mode === 'safe' ? 3 : 1) * Math.exp(0.05 * random.normal()) };
    }),
  };
}

const machines = Array.from({ length: 10 }, (_, i) => machine(i + 1));
const asked = machine(77);
const history = async (studies: readonly StudyData[]) => new History(await collectKnown(studies.map(memoryStudy)));
const test = asked.trials.slice(40);
const xs = test.map(({ x }) => x);
const logError = (predicted: ArrayLike<number>) =>
  test.reduce((sum, { y }, i) => sum + Math.abs(Math.log(predicted[i]! / y!)), 0) / test.length;

describe('what relatives say', () => {
  it('puts a study without trials where its metadata says, and in the shape that all have', async () => {
    const said = (await history(machines)).about(asked, xs)!.before(xs);
    const silent = machines.map((study) => ({ ...study, metadata: {} }));
    const unknown = (await history(silent)).about({ ...asked, metadata: {} }, xs)!.before(xs);
    expect(logError(said.mean)).toBeLessThan(0.6 * logError(unknown.mean));
    for (const sd of said.sd) expect(sd).toBeGreaterThan(0);
    const ranks = (values: readonly number[]) => values.map((v) => values.filter((other) => other < v).length);
    const [theirs, true_] = [ranks([...said.mean]), ranks(test.map(({ y }) => y!))];
    expect(theirs.reduce((sum, rank, i) => sum + Math.abs(rank - true_[i]!), 0) / 20).toBeLessThan(2);
  });

  it('bent to five trials is several times nearer than what those say alone', async () => {
    const own = asked.trials.slice(0, 5) as { x: (typeof xs)[number]; y: number }[];
    const fitted = (await history(machines)).about(asked, xs)!.fit(own);
    const alone = fitExperts(
      own.map(({ x }) => x),
      own.map(({ y }) => y),
      { seed: 1, which: ['gaussian_process'] },
    );
    const positive = alone.predict(xs).gaussian_process!.mean.map((v) => Math.max(v, 1e-3));
    expect(logError(fitted.predict(xs).mean)).toBeLessThan(0.3 * logError(positive));
    expect(fitted.crossFitted.mean).toHaveLength(5);
  });

  it('does not know a trial that it is cross-fitted on', async () => {
    const relatives = (await history(machines)).about(asked, xs)!;
    const own = asked.trials.slice(0, 8) as { x: (typeof xs)[number]; y: number }[];
    const wild = own.map((trial, i) => (i === 3 ? { ...trial, y: trial.y * 40 } : trial));
    const [before, after] = [own, wild].map((trials) => relatives.fit(trials).crossFitted.mean[3]!);
    // Its y moves the parameters that all trials share, not what is said of it.
    expect(Math.abs(Math.log(after! / before!))).toBeLessThan(Math.log(40) / 4);
  });

  it('never comes from the study itself', async () => {
    const changed = { ...asked, trials: asked.trials.map(({ x }) => ({ x, y: 1e6 })) };
    const [without, with_] = [await history(machines), await history([...machines, changed])];
    expect(with_.about(asked, xs)!.before(xs)).toEqual(without.about(asked, xs)!.before(xs));
    expect((await history([asked])).about(asked, xs)).toBeUndefined();
  });

  it('is evidence, and with it the frame, from no trial on', async () => {
    const relatives = (await history(machines)).about(asked, xs);
    let last = Number.POSITIVE_INFINITY;
    for (const count of [0, 1, 20]) {
      const own = asked.trials.slice(0, count);
      const answers = Evidence.fit(own, 1, relatives).ask(xs.map((x) => ({ x })));
      const error = logError(answers.map((one) => Math.max(1e-3, one!.frame.center)));
      expect(error).toBeLessThan(0.8 * last);
      last = error;
      const alone = Evidence.fit(own, 1).ask([{ x: xs[0]! }])[0];
      expect(answers[0]!.pieces.length).toBeGreaterThan(alone?.pieces.length ?? 0);
    }
  });

  it('follows each study where units and signs differ', async () => {
    const turned = machines.map((study) => ({
      ...study,
      objective: { name: 'score' },
      trials: study.trials.map(({ x, y }) => ({ x, y: 1000 - y! })),
    }));
    const own = asked.trials.slice(0, 10).map(({ x, y }) => ({ x, y: 5 - 0.01 * y! }));
    const fitted = (await history(turned)).about({ ...asked, objective: { name: 'score' } }, xs)!.fit(own);
    const { mean } = fitted.predict(xs);
    const truth = test.map(({ y }) => 5 - 0.01 * y!);
    const range = Math.max(...truth) - Math.min(...truth);
    const error = truth.reduce((sum, y, i) => sum + Math.abs(mean[i]! - y), 0) / truth.length / range;
    expect(error).toBeLessThan(0.08);
  });

  it('follows a study far beyond all that the relatives measured', async () => {
    const own = asked.trials.slice(0, 5).map(({ x, y }) => ({ x, y: 1e6 * y! }));
    const fitted = (await history(machines)).about(asked, xs)!.fit(own);
    expect(logError(fitted.predict(xs).mean.map((y) => y / 1e6))).toBeLessThan(0.4);
  });

  it('is finite for studies of one trial, of one value, and of huge numbers', async () => {
    const few = [
      machine(1, 1),
      { ...machine(2), trials: machine(2).trials.map(({ x }) => ({ x, y: 7 })) },
      machine(3, 2),
    ];
    const huge = machines.map((study) => ({ ...study, trials: study.trials.map(({ x, y }) => ({ x, y: y! * 1e27 })) }));
    for (const studies of [few, huge, [machine(4, 1)]]) {
      const relatives = (await history(studies)).about(asked, xs)!;
      for (const { mean, sd } of [relatives.before(xs), relatives.fit([{ x: xs[0]!, y: -3 }]).predict(xs)]) {
        for (const value of [...mean, ...sd]) expect(Math.abs(value)).toBeLessThan(1e31);
      }
      expect(relatives.spread).toBeGreaterThan(0);
      for (const value of relatives.usual(xs)) expect(Number.isFinite(value)).toBe(true);
    }
  });

  describe('in other units than the study states', () => {
    const inUnit = (study: StudyData, unit: string | undefined, factor = 1): StudyData => ({
      ...study,
      objective: unit === undefined ? { name: 'time' } : { name: 'time', unit },
      trials: study.trials.map(({ x, y }) => ({ x, y: factor * y! })),
    });
    const questions = xs.map((x) => ({ x }));
    const micro = inUnit(asked, 'us', 1e6);
    const own = micro.trials.slice(0, 5) as { x: (typeof xs)[number]; y: number }[];

    it('say nothing before the first trial, as if there were none', async () => {
      const relatives = (await history(machines)).about(micro, xs)!;
      expect(relatives.inItsUnit).toBeUndefined();
      const failed = [{ x: xs[0]!, y: null }];
      for (const context of [[], failed]) {
        const answers = Evidence.fit(context, 1, relatives).ask(questions);
        expect(answers).toEqual(Evidence.fit(context, 1).ask(questions));
        expect(answers.every((answer) => answer === undefined)).toBe(true);
      }
    });

    it('leave the word to those that state the same unit, or none', async () => {
      const same = machines.slice(0, 4).map((study) => inUnit(study, undefined, 1e6));
      const mixed = (await history([...same, ...machines.slice(4)])).about(micro, xs)!;
      const alone = (await history(same)).about(micro, xs)!;
      expect(mixed.count).toBe(10);
      expect(mixed.inItsUnit!.count).toBe(4);
      expect(alone.inItsUnit).toBe(alone);
      const centers = (relatives: typeof mixed) =>
        Evidence.fit([], 1, relatives)
          .ask(questions)
          .map((answer) => answer!.frame.center);
      const expected = centers(alone);
      for (const [i, center] of centers(mixed).entries()) expect(center).toBeCloseTo(expected[i]!, 6);
      // A study that states no unit takes all as they stand.
      expect((await history(machines)).about(inUnit(asked, undefined), xs)!.inItsUnit!.count).toBe(10);
    });

    it('still tell the shape from the first trials on', async () => {
      const fitted = (await history(machines)).about(micro, xs)!.fit(own);
      expect(logError(fitted.predict(xs).mean.map((y) => Math.max(1e-3, y / 1e6)))).toBeLessThan(0.4);
    });
  });
});
