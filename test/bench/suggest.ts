// How fast suggestions find the minimum of standard functions, beside random search and a Gaussian process with expected improvement.
// Usage: npm run bench:suggest -- --model <directory of a model> [--functions Branin,Levy5] [--methods ours,random] [--seeds 10]
//        [--first 11]: the first seed, so that settings can be chosen on other seeds than those reported
//        [--workers 2] [--results FILE] [--options '{"criterion": "thompson"}'] [--write]
// Every run is a line of the results file; runs that are there are not run again. --write: table and picture into docs/.
import { fork } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { SuggestOptions } from '../../trainer/acquisition/suggest-options.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { Random } from '../../trainer/random.js';
import { METHODS, type Measured, type MethodName, methods } from './suggest-methods.js';
import { drawConvergence, type Run, table } from './suggest-report.js';
import { measure, spaceOf, TEST_FUNCTIONS } from './test-functions.js';

const FIRST = 10;
const SUGGESTED = 40;

interface Task {
  function: string;
  method: MethodName;
  seed: number;
}

const isSame = (a: Task, b: Task): boolean => a.function === b.function && a.method === b.method && a.seed === b.seed;

/** One search: the best y after each trial, and the time of a suggestion. */
async function search({ function: name, method, seed }: Task, contestants: ReturnType<typeof methods>): Promise<Run> {
  const target = TEST_FUNCTIONS.find((f) => f.name === name)!;
  const space = spaceOf(target);
  const random = new Random(seed, 99);
  // The same first trials for every method.
  const trials: Measured[] = Array.from({ length: FIRST }, () => space.sample(random)).map((x) => ({
    x,
    y: measure(target, x),
  }));
  const begin = performance.now();
  while (trials.length < FIRST + SUGGESTED) {
    const x = await contestants[method](trials, space, seed);
    trials.push({ x, y: measure(target, x) });
  }
  const milliseconds = (performance.now() - begin) / SUGGESTED;
  let best = Number.POSITIVE_INFINITY;
  const curve = trials.map(({ y }) => {
    best = Math.min(best, y);
    return best;
  });
  return { function: name, method, seed, best: curve, milliseconds };
}

async function work(model: string | undefined, options: Partial<SuggestOptions>): Promise<void> {
  // One core each: the runs are what is parallel.
  const predictor = model ? await Predictor.load(model, 1) : undefined;
  const contestants = methods(predictor, options);
  process.on('message', (task: Task) => {
    search(task, contestants).then((run) => process.send!(run));
  });
  process.send!('ready');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      functions: { type: 'string', default: TEST_FUNCTIONS.map(({ name }) => name).join(',') },
      methods: { type: 'string' },
      seeds: { type: 'string', default: '10' },
      first: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
      results: { type: 'string', default: join(tmpdir(), 'omnireg-bench-suggest.jsonl') },
      options: { type: 'string', default: '{}' },
      write: { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
    },
  });
  if (values.worker) return work(values.model, JSON.parse(values.options) as Partial<SuggestOptions>);
  const chosen = values.methods?.split(',') ?? METHODS.filter((name) => name !== 'ours' || values.model);
  const unknown = chosen.find((name) => !METHODS.includes(name as MethodName));
  if (unknown) throw new Error(`--methods: ${unknown} is none of ${METHODS.join(', ')}`);
  if (chosen.includes('ours') && !values.model) throw new Error('--model: ours needs the directory of a model');
  const tasks = Array.from({ length: Number(values.seeds) }, (_, i) => i + Number(values.first)).flatMap((seed) =>
    values.functions
      .split(',')
      .flatMap((name) => chosen.map((m): Task => ({ function: name, method: m as MethodName, seed }))),
  );
  const nameless = tasks.find((task) => !TEST_FUNCTIONS.some(({ name }) => name === task.function));
  if (nameless)
    throw new Error(`--functions: ${nameless.function} is none of ${TEST_FUNCTIONS.map((f) => f.name).join(', ')}`);
  const done = existsSync(values.results)
    ? readFileSync(values.results, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Run)
    : [];
  const left = tasks.filter((task) => !done.some((run) => isSame(run, task)));
  console.log(`${left.length} of ${tasks.length} searches to run, results in ${values.results}`);
  const runs = [...done.filter((run) => tasks.some((task) => isSame(run, task)))];
  await Promise.all(
    Array.from({ length: Math.min(left.length, Number(values.workers)) }, () =>
      serve(left, (run) => {
        appendFileSync(values.results, `${JSON.stringify(run)}\n`);
        runs.push(run);
        const at = `${run.best[FIRST - 1]!.toPrecision(3)} → ${run.best.at(-1)!.toPrecision(4)}`;
        console.log(
          `${runs.length}/${tasks.length} ${run.function} ${run.method} seed ${run.seed}: ${at}, ${run.milliseconds.toFixed(0)} ms a suggestion`,
        );
      }),
    ),
  );
  const text = table(runs);
  console.log(text);
  if (!values.write) return;
  const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, 'suggest.svg'), await drawConvergence(runs));
  const page = fileURLToPath(new URL('../../docs/suggest.md', import.meta.url));
  const parts = readFileSync(page, 'utf8').split(/(?<=<!-- table: begin -->\n)[\s\S]*(?=<!-- table: end -->)/);
  writeFileSync(page, parts.join(`\n${text}\n`));
}

/** A process that takes one task after the other from the list. */
function serve(tasks: Task[], report: (run: Run) => void): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['--worker', ...process.argv.slice(2)]);
  return new Promise((resolve, reject) => {
    child.on('message', (message: 'ready' | Run) => {
      if (message !== 'ready') report(message);
      const next = tasks.shift();
      if (next) child.send(next);
      else child.kill();
    });
    child.on('exit', (code, signal) =>
      signal === 'SIGTERM' ? resolve() : reject(new Error(`a worker ended with ${code ?? signal}`)),
    );
  });
}

await main();
