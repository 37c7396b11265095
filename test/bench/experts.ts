// The experts beside scikit-learn's and XGBoost's regressors at their defaults, on the same splits of real tasks.
// Usage: npm run bench:experts -- FOLDER [--tasks 2] [--write]. FOLDER is as benches want it (real-tasks.ts); the peers want Debian's
// python3-sklearn and python3-xgboost, without which only the experts are measured. --write puts the table into docs/accuracy.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fitExperts, type PredictorName } from '../../trainer/experts/fit-experts.js';
import { mean } from '../../trainer/statistics.js';
import type { Json, JsonObject, Trial } from '../../trainer/types.js';
import { EXPERTS_MODULES, ExpertsPeer } from './experts-peer.js';
import { findPython } from './python-peer.js';
import { familiesOf, loadTasks } from './real-tasks.js';
import { replaced } from './sections.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { tasks: { type: 'string', default: '2' }, write: { type: 'boolean', default: false } },
});
const SIZES = [10, 20, 50, 200];
const TEST_TRIALS = 150;

/** Each expert, and the peers that do the same. */
const PEERS: [PredictorName, string[]][] = [
  ['nearest_neighbours', ['sklearn KNeighborsRegressor']],
  ['random_forest', ['sklearn RandomForestRegressor']],
  [
    'gradient_boosting',
    ['sklearn GradientBoostingRegressor', 'sklearn HistGradientBoostingRegressor', 'xgboost XGBRegressor'],
  ],
  ['gaussian_process', ['sklearn GaussianProcessRegressor']],
];

/** Errors by `size method`, by family: one a task. */
type Errors = Map<string, Map<string, number[]>>;

const [folder] = positionals;
if (folder === undefined || !existsSync(folder)) {
  console.log('Skipped: give the folder that holds the tasks, one folder a family and one CSV a task.');
} else await main(folder);

async function main(folder: string): Promise<void> {
  const python = findPython(EXPERTS_MODULES);
  if (python === undefined) console.log('No Python with scikit-learn and XGBoost: the experts alone are measured.');
  const peer = python === undefined ? undefined : await ExpertsPeer.start(python);
  const errors: Errors = new Map();
  let tasks = 0;
  const families = [...familiesOf(folder, 'train+evaluate'), ...familiesOf(folder, 'evaluate')];
  for (const family of families.sort()) {
    for (const { study } of loadTasks(folder, family, Number(options.tasks), 200 + TEST_TRIALS)) {
      if (await measure(family, study.trials, peer, errors)) tasks++;
    }
    console.log(`${family}: done`);
  }
  peer?.stop();
  const report = reportErrors(errors, tasks, peer?.version);
  console.log(`\n${report}`);
  if (!options.write) return;
  const page = readFileSync('docs/accuracy.md', 'utf8');
  writeFileSync('docs/accuracy.md', replaced(page, 'bench:experts', report));
}

async function measure(
  family: string,
  trials: readonly Trial[],
  peer: ExpertsPeer | undefined,
  errors: Errors,
): Promise<boolean> {
  const measured = trials.flatMap(({ x, y }) => (typeof y === 'number' ? [{ x, y }] : []));
  const ys = measured.map(({ y }) => y);
  const range = Math.max(...ys) - Math.min(...ys);
  const held = measured.slice(-Math.min(TEST_TRIALS, Math.floor(measured.length / 3)));
  if (held.length === 0 || range === 0) return false;
  for (const size of SIZES.filter((size) => size + held.length <= measured.length)) {
    const context = measured.slice(0, size);
    const [xs, y, test] = [context.map(({ x }) => x), context.map(({ y }) => y), held.map(({ x }) => x)];
    const fitted = fitExperts(xs, y, { seed: 1 }).predict(test);
    const stated = { ...(await peer?.predict(xs.map(plain), y, test.map(plain))) };
    const answers = [...PEERS.map(([name]) => [name, fitted[name]!.mean] as const), ...Object.entries(stated)];
    for (const [name, predicted] of answers) {
      const error = mean(held.map(({ y }, i) => Math.min(1, Math.abs(predicted[i]! - y) / range)));
      const byFamily = errors.get(`${size} ${name}`) ?? new Map<string, number[]>();
      byFamily.set(family, [...(byFamily.get(family) ?? []), error]);
      errors.set(`${size} ${name}`, byFamily);
    }
  }
  return true;
}

/** A peer reads no free text: a string of more than 50 characters is nothing to it. */
function plain(x: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(x).filter(([, value]: [string, Json]) => String(value).length <= 50));
}

function reportErrors(errors: Errors, tasks: number, version: string | undefined): string {
  const overFamilies = (key: string): number => mean([...errors.get(key)!.values()].map((values) => mean(values)));
  const families = new Set([...errors.values()].flatMap((byFamily) => [...byFamily.keys()]));
  const lines = [
    `Mean of min(1, |ŷ − y| / range) over ${tasks} tasks, then over ${families.size} families${version ? `; ${version}` : ''}. In brackets the expert's error divided by the peer's: at most 1.05 is wanted.`,
    '',
    `| known trials | ${SIZES.join(' | ')} |`,
    `| --- | ${SIZES.map(() => '---').join(' | ')} |`,
  ];
  for (const [name, peers] of PEERS) {
    const own = SIZES.map((size) => overFamilies(`${size} ${name}`));
    lines.push(`| **${name.replaceAll('_', ' ')}** | ${own.map((error) => `**${error.toFixed(4)}**`).join(' | ')} |`);
    if (version === undefined) continue;
    for (const peer of peers) {
      const cells = SIZES.map((size, i) => {
        const error = overFamilies(`${size} ${peer}`);
        return `${error.toFixed(4)} (${(own[i]! / error).toFixed(2)})`;
      });
      lines.push(`| ${peer} | ${cells.join(' | ')} |`);
    }
  }
  return lines.join('\n');
}
