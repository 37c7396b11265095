// Error of each expert on real tasks, by number of context trials. Run by hand:
//   npx tsc --noEmit false --outDir dist/bench && node dist/bench/test/bench/experts.js FOLDER [--splits]
// FOLDER holds one folder a family and in it one CSV a task, y last. --splits prints the rows used, as JSON, for a side-by-side with other libraries.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { fitExperts, type PredictorName } from '../../trainer/experts/fit-experts.js';
import { Random } from '../../trainer/random.js';
import type { JsonObject } from '../../trainer/types.js';

const FAMILIES = [
  'chem_text',
  'classic_regression',
  'clickbench_queries',
  'config_systems',
  'envs_x264',
  'hpo_deepar',
  'hpo_xgboost_libsvm',
  'inputs_x264',
  'kerneltuner_convolution',
  'llmsys_hpo',
  'nas201_arch_error',
  'timm_throughput',
  'tvm_tophub',
  'workloads_xz',
  'workloads_z3',
  'yahpo_rbv2_xgboost',
];
const TASKS_PER_FAMILY = 3;
const CONTEXT_SIZES = [10, 20, 50, 200];
const TEST_ROWS = 150;

interface Task {
  readonly name: string;
  readonly xs: JsonObject[];
  readonly y: number[];
  /** Rows in random order: the first ones are contexts, the last `TEST_ROWS` are predicted. */
  readonly order: number[];
}

function loadTasks(folder: string): Task[] {
  return FAMILIES.filter((family) => existsSync(join(folder, family))).flatMap((family, f) => {
    const files = readdirSync(join(folder, family)).filter((file) => file.endsWith('.csv'));
    return new Random(f)
      .shuffle(files.sort())
      .slice(0, TASKS_PER_FAMILY)
      .map((file) => loadTask(folder, `${family}/${file}`));
  });
}

function loadTask(folder: string, name: string): Task {
  const [header, ...records] = parse(readFileSync(join(folder, name)), { bom: true }) as string[][];
  const xs: JsonObject[] = [];
  const y: number[] = [];
  for (const cells of records) {
    const value = Number(cells[cells.length - 1]);
    if (!Number.isFinite(value)) continue;
    const present = cells.slice(0, -1).flatMap((cell, j) => (cell === '' ? [] : [[header![j]!, cellValue(cell)]]));
    xs.push(Object.fromEntries(present) as JsonObject);
    y.push(value);
  }
  const order = new Random(7).shuffle(y.map((_, i) => i));
  return { name, xs, y, order };
}

function cellValue(cell: string): string | number {
  const value = Number(cell);
  return cell.trim() !== '' && Number.isFinite(value) ? value : cell;
}

/** Mean over test rows of |ŷ − y| / (max − min), each at most 1. */
function relativeError(predicted: Float64Array, measured: readonly number[], range: number): number {
  let sum = 0;
  for (let i = 0; i < measured.length; i++) sum += Math.min(1, Math.abs(predicted[i]! - measured[i]!) / range);
  return sum / measured.length;
}

/** Splits of one task: for each context size the rows it holds, and the rows predicted. */
function splitsOf({ order }: Task): { context: number[]; test: number[] }[] {
  const test = order.slice(-Math.min(TEST_ROWS, Math.floor(order.length / 3)));
  return CONTEXT_SIZES.filter((size) => size + test.length <= order.length).map((size) => ({
    context: order.slice(0, size),
    test,
  }));
}

function benchmark(tasks: readonly Task[]): void {
  const errors = new Map<string, number[]>();
  const add = (key: string, value: number): void => {
    errors.set(key, [...(errors.get(key) ?? []), value]);
  };
  const names: PredictorName[] = [
    'median',
    'nearest_neighbours',
    'random_forest',
    'gradient_boosting',
    'gaussian_process',
  ];
  for (const task of tasks) {
    let range = Math.max(...task.y) - Math.min(...task.y);
    if (range === 0) range = 1;
    for (const { context, test } of splitsOf(task)) {
      const started = performance.now();
      const y = context.map((row) => task.y[row]!);
      const fitted = fitExperts(
        context.map((row) => task.xs[row]!),
        y,
        { seed: 1 },
      );
      const predictions = fitted.predict(test.map((row) => task.xs[row]!));
      add(`${context.length} ms`, performance.now() - started);
      const truth = test.map((row) => task.y[row]!);
      for (const name of names) {
        const { mean, sd } = predictions[name]!;
        add(`${context.length} ${name}`, relativeError(mean, truth, range));
        add(`${context.length} ${name} cross-fitted`, relativeError(fitted.crossFitted(name).mean, y, range));
        const covered = truth.filter((value, i) => {
          const { lower, upper } = fitted.interval(name, mean[i]!, 0.9, sd?.[i]);
          return lower <= value && value <= upper;
        });
        add(`${context.length} ${name} coverage`, covered.length / truth.length);
      }
    }
  }
  const average = (key: string): string => {
    const values = errors.get(key) ?? [];
    return (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4);
  };
  console.log(
    `Mean of |ŷ−y|/(max−min) over ${tasks.length} tasks; cross-fitted on the context; coverage of the 90% interval.`,
  );
  for (const size of CONTEXT_SIZES) {
    console.log(`\n${size} context trials, ${average(`${size} ms`)} ms to fit all and predict`);
    for (const name of names) {
      const key = `${size} ${name}`;
      console.log(
        `  ${name.padEnd(20)} ${average(key)}   cross-fitted ${average(`${key} cross-fitted`)}   coverage ${average(`${key} coverage`)}`,
      );
    }
  }
}

const [folder, flag] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.log('Skipped: give the folder that holds the tasks, one folder a family and one CSV a task.');
} else if (flag === '--splits') {
  console.log(JSON.stringify(loadTasks(folder).map((task) => ({ name: task.name, splits: splitsOf(task) }))));
} else {
  benchmark(loadTasks(folder));
}
