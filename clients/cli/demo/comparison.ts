// Predictions of all methods for one objective, set beside what was measured.
import type { Objective, PredictionResult, TrialCreate } from '../../sdk/index.js';
import { type Column, renderTable } from '../table.js';
import { type Answer, type Scores, score } from './scores.js';

/** The service's names of the methods, in the order of the table, and how people call them. */
const METHODS = {
  median: 'median',
  nearest_neighbours: 'nearest neighbours',
  random_forest: 'random forest',
  gradient_boosting: 'gradient boosting',
  gaussian_process: 'Gaussian process',
  omnireg: 'OmniReg',
} as const;
export type Method = keyof typeof METHODS;

export interface Comparison {
  objective: Objective;
  /** Level of the intervals, such as 0.9. */
  level: number;
  measured: number[];
  /** max − min over all measured trials of the study, the asked ones and the others. */
  range: number;
  methods: { method: Method; label: string; answers: Answer[]; scores: Scores }[];
}

/**
 * @param asked The trials that were predicted, in the order of the predictions.
 * @param all Every measured trial of the study.
 */
export function compare(
  objective: Objective,
  level: number,
  result: PredictionResult,
  asked: readonly TrialCreate[],
  all: readonly TrialCreate[],
): Comparison {
  const measured = asked.map((trial) => measurement(trial, objective));
  const everything = all.map((trial) => measurement(trial, objective));
  const range = Math.max(...everything) - Math.min(...everything);
  const predictions = result.predictions.map(({ objectives }) => objectives[objective.name]!);
  const interval = (intervals: readonly { level: number; lower: number; upper: number }[]) => {
    const found = intervals.find((candidate) => candidate.level === level);
    return found ? { lower: found.lower, upper: found.upper } : {};
  };
  const answersOf = (method: Method): Answer[] | undefined => {
    if (method === 'omnireg')
      return predictions.map(({ median, intervals }) => ({ predicted: median, ...interval(intervals) }));
    const found = predictions.map(({ experts }) => experts?.find(({ name }) => name === method));
    if (found.some((expert) => expert === undefined)) return undefined;
    return found.map((expert) => ({ predicted: expert!.mean, ...interval(expert!.intervals) }));
  };
  const methods = (Object.keys(METHODS) as Method[]).flatMap((method) => {
    const answers = answersOf(method);
    return answers ? [{ method, label: METHODS[method], answers, scores: score(answers, measured, range) }] : [];
  });
  return { objective, level, measured, range, methods };
}

/** The measurement of one objective; the demo's trials are all completed. */
export function measurement({ y }: TrialCreate, { name }: Objective): number {
  return typeof y === 'object' ? y[name]! : y!;
}

export function comparisonTable({ methods, level }: Comparison, emphasize: (line: string) => string): string {
  const percent = `${level * 100}%`;
  const columns: Column[] = [
    { title: 'method', align: 'left' },
    { title: 'mean |ŷ−y| / range', align: 'right' },
    { title: 'Spearman', align: 'right' },
    { title: `${percent} coverage`, align: 'right' },
    { title: `${percent} width / range`, align: 'right' },
  ];
  const figure = (value: number, digits: number) => {
    if (!Number.isFinite(value)) return '–';
    return Math.abs(value) < 1000 ? value.toFixed(digits) : value.toExponential(1);
  };
  const rows = methods.map(({ label, scores }) => [
    label,
    figure(scores.error, 4),
    figure(scores.spearman, 3),
    Number.isFinite(scores.coverage) ? `${(100 * scores.coverage).toFixed(1)}%` : '–',
    figure(scores.width, 3),
  ]);
  return renderTable(columns, rows, (row, line) => (methods[row]?.method === 'omnireg' ? emphasize(line) : line));
}

/** The best simple method by error, and OmniReg's error as a multiple of it. */
export function verdict({
  methods,
}: Comparison): { best: string; ratioToBest: number; ratioToMedian: number } | undefined {
  const ours = methods.find(({ method }) => method === 'omnireg');
  const others = methods.filter(({ method }) => method !== 'omnireg');
  const median = others.find(({ method }) => method === 'median');
  if (!ours || !median) return undefined;
  const best = others.reduce((a, b) => (b.scores.error < a.scores.error ? b : a));
  return {
    best: best.label,
    ratioToBest: ours.scores.error / best.scores.error,
    ratioToMedian: ours.scores.error / median.scores.error,
  };
}
