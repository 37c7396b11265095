// bench:coverage in figures: what each task showed, and their means over families as a table.
import { Calibration } from '../../trainer/calibration/calibration.js';
import { rangeOf } from '../../trainer/calibration/measured-range.js';
import { scoreOf } from '../../trainer/calibration/scored.js';
import { Distribution } from '../../trainer/distribution.js';
import { overFamilies } from '../../trainer/evaluation/bootstrap.js';
import { spearman } from '../../trainer/evaluation/metrics.js';
import { conformalRadius } from '../../trainer/experts/residual-interval.js';
import { mean } from '../../trainer/statistics.js';
import { type Answered, LEVELS, type TaskAnswers } from './coverage-answers.js';

export const INTERVALS = [0.5, 0.8, 0.9];
/** Levels of the reliability plot. */
export const CURVE = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

interface Side {
  /** Share of the test trials held at each of `INTERVALS`, and mean width in ranges of y. */
  coverage: number[];
  width: number[];
  /** Mean width at the level at which this side holds just the nominal share of these test trials. */
  fairWidth: number[];
  curve: number[];
  crps: number;
  error: number;
}

export interface Summary {
  family: string;
  trials: number;
  ours: Side;
  boosting: Side;
  /** Spearman correlation of the predicted sd with the absolute error of the median. */
  spearman: number;
}

/** @param validation centralities of the model's validation queries, from its card */
export function summarize(answers: TaskAnswers, validation: readonly number[]): Summary {
  const { family, trials, range, test } = answers;
  const own = answers.own.map((answered) => scoreOf(distributionOf(answered), answered.y, answered.difficulty));
  const calibration = new Calibration(own, validation, rangeOf(answers.context));
  const stated = test.map((answered) => ({ ...answered, distribution: distributionOf(answered) }));
  const at = (level: number): Held =>
    held(
      stated.map(({ y, distribution, difficulty }) => ({
        y,
        ...calibration.interval(distribution, level, difficulty),
      })),
      range,
    );
  const errors = stated.map(({ y, distribution }) => Math.abs(y - distribution.median));
  const ours: Side = {
    ...sides(at),
    fairWidth: INTERVALS.map((level) => at(levelThatHolds(at, level)).width),
    crps: mean(stated.map(({ y, distribution }) => distribution.crps(y))) / range,
    error: mean(errors) / range,
  };
  const residuals = Float64Array.from(answers.boostingErrors, Math.abs).sort();
  const missed = Float64Array.from(test, ({ y, boosting }) => Math.abs(y - boosting)).sort();
  const around = (level: number): Held => {
    const radius = conformalRadius(residuals, level);
    return { coverage: mean(Array.from(missed, (m) => (m <= radius ? 1 : 0))), width: (2 * radius) / range };
  };
  const boosting: Side = {
    ...sides(around),
    // The radius that holds just that share, whatever level it is called.
    fairWidth: INTERVALS.map((level) => (2 * missed[Math.ceil(level * missed.length) - 1]!) / range),
    crps:
      mean(
        test.map(({ y, boosting }) =>
          empiricalCrps(
            answers.boostingErrors.map((e) => boosting + e),
            y,
          ),
        ),
      ) / range,
    error: mean([...missed]) / range,
  };
  const spread = stated.map(({ distribution, difficulty }) => calibration.spread(distribution, difficulty));
  return { family, trials, ours, boosting, spearman: spearman(spread, errors) };
}

interface Held {
  coverage: number;
  width: number;
}

function held(intervals: readonly { y: number; lower: number; upper: number }[], range: number): Held {
  return {
    coverage: mean(intervals.map(({ y, lower, upper }) => (lower <= y && y <= upper ? 1 : 0))),
    width: mean(intervals.map(({ lower, upper }) => (upper - lower) / range)),
  };
}

const sides = (at: (level: number) => Held) => ({
  coverage: INTERVALS.map((level) => at(level).coverage),
  width: INTERVALS.map((level) => at(level).width),
  curve: CURVE.map((level) => at(level).coverage),
});

/** The least level whose intervals hold the wanted share: intervals are nested, so that bisection finds it. */
function levelThatHolds(at: (level: number) => Held, wanted: number): number {
  let [low, high] = [0.001, 0.9999];
  for (let step = 0; step < 14; step++) {
    const middle = (low + high) / 2;
    if (at(middle).coverage >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** The histogram between the quantiles that were kept. */
function distributionOf({ quantiles }: Answered): Distribution {
  const cells = quantiles.slice(1).map((hi, i) => {
    const lo = quantiles[i]!;
    return { lo, hi: Math.max(lo, hi), mass: LEVELS[i + 1]! - LEVELS[i]!, whole: true };
  });
  return new Distribution(cells);
}

/** CRPS of equally likely values (Gneiting and Raftery, 2007): E|Y − y| − E|Y − Y'|/2. */
function empiricalCrps(values: readonly number[], y: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const apart = sorted.reduce((sum, value, i) => sum + value * (2 * i - n + 1), 0) / (n * n);
  return mean(sorted.map((value) => Math.abs(value - y))) - apart;
}

const percent = (share: number): string => (100 * share).toFixed(1);
const short = (value: number): string => value.toPrecision(3);

/** @returns Markdown: means over families for each number of trials, and the 90% interval family by family. */
export function reportCoverage(summaries: readonly Summary[]): string {
  const sizes = [...new Set(summaries.map(({ trials }) => trials))].sort((a, b) => a - b);
  const lines = [
    '| trials | level | coverage | width | boosting: coverage | width | ratio of widths at equal coverage |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const trials of sizes) {
    const some = summaries.filter((s) => s.trials === trials);
    INTERVALS.forEach((level, i) => {
      const of = (value: (s: Summary) => number) => overFamilies(some, value);
      const fair = of((s) => s.ours.fairWidth[i]!) / of((s) => s.boosting.fairWidth[i]!);
      const cells = [
        percent(of((s) => s.ours.coverage[i]!)),
        short(of((s) => s.ours.width[i]!)),
        percent(of((s) => s.boosting.coverage[i]!)),
        short(of((s) => s.boosting.width[i]!)),
        fair.toFixed(2),
      ];
      lines.push(`| ${trials} | ${100 * level}% | ${cells.join(' | ')} |`);
    });
  }
  lines.push(
    '',
    '| trials | families | tasks | Spearman of sd and error | CRPS | boosting | error of the median | boosting |',
  );
  lines.push('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const trials of sizes) {
    const some = summaries.filter((s) => s.trials === trials);
    const cells = [
      new Set(some.map(({ family }) => family)).size,
      some.length,
      overFamilies(some, (s) => s.spearman).toFixed(3),
      ...[(s: Summary) => s.ours.crps, (s: Summary) => s.boosting.crps].map((f) => short(overFamilies(some, f))),
      ...[(s: Summary) => s.ours.error, (s: Summary) => s.boosting.error].map((f) => short(overFamilies(some, f))),
    ];
    lines.push(`| ${trials} | ${cells.join(' | ')} |`);
  }
  lines.push('', `| family | ${sizes.map((n) => `${n}: coverage of 90%, width, boosting's, Spearman`).join(' | ')} |`);
  lines.push(`| --- | ${sizes.map(() => '---').join(' | ')} |`);
  for (const family of [...new Set(summaries.map((s) => s.family))].sort()) {
    const cells = sizes.map((trials) => {
      const some = summaries.filter((s) => s.family === family && s.trials === trials);
      if (some.length === 0) return '–';
      const of = (value: (s: Summary) => number) => overFamilies(some, value);
      const [coverage, width] = [of((s) => s.ours.coverage[2]!), of((s) => s.ours.width[2]!)];
      const theirs = of((s) => s.boosting.width[2]!);
      return `${percent(coverage)}, ${short(width)}, ${short(theirs)}, ${of((s) => s.spearman).toFixed(2)}`;
    });
    lines.push(`| ${family} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
