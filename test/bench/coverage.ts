// Whether intervals hold and how wide they are, on real tasks that the model has not seen, beside cross-conformal gradient boosting.
// Usage: npm run bench:coverage -- FOLDER --model DIR [--use evaluate] [--families a,b] [--tasks 2] [--trials 5,10,20,50,200]
//   [--processes 2] [--answers FOLDER] [--write]. What the model answered is kept in the answers' folder: run again, it goes on, or reports only.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openModel } from '../../trainer/adapter-directory.js';
import { Inference } from '../../trainer/model/inference.js';
import { askModel } from '../../trainer/prediction/questions.js';
import { PromptEncoder } from '../../trainer/prompt.js';
import { answerTask, type TaskAnswers } from './coverage-answers.js';
import { drawReliability } from './coverage-plot.js';
import { reportCoverage, summarize } from './coverage-report.js';
import { familiesOf, loadTasks, type RealTask } from './real-tasks.js';
import { replaced } from './sections.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    use: { type: 'string', default: 'evaluate' },
    families: { type: 'string' },
    tasks: { type: 'string', default: '2' },
    trials: { type: 'string', default: '5,10,20,50,200' },
    processes: { type: 'string', default: String(availableParallelism()) },
    answers: { type: 'string' },
    /** Of a process started by this one: which of how many parts is its own. */
    part: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
const { model: modelDir } = options;
/** Local trials. */
const sizes = options.trials.split(',').map(Number);
/** Tasks of at least this many trials are taken first: 200 and those held back. */
const WANTED_TRIALS = 320;

if (folder === undefined || !existsSync(folder) || modelDir === undefined) {
  console.log('Skipped: give the folder of the tasks, as INDEX.csv lists them, and --model DIR.');
} else {
  const card = readFileSync(join(modelDir, 'omnireg.json'));
  const name = createHash('sha256')
    .update(card)
    .update(readFileSync(join(modelDir, 'model.safetensors')));
  const answers = options.answers ?? join(tmpdir(), `omnireg-bench-coverage-${name.digest('hex').slice(0, 12)}`);
  mkdirSync(answers, { recursive: true });
  if (options.part) await work(folder, modelDir, answers, options.part);
  else await main(folder, modelDir, answers);
}

async function main(folder: string, modelDir: string, answers: string): Promise<void> {
  console.log(`answers in ${answers}`);
  const count = Number(options.processes);
  const ended = Array.from({ length: count }, (_, i) => {
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--part', `${i}/${count}`]);
    return new Promise<number | null>((resolve) => child.once('exit', resolve));
  });
  const codes = await Promise.all(ended);
  if (codes.some((code) => code !== 0)) throw new Error(`processes ended with ${codes}; run again, it goes on`);
  const { calibration_scores } = JSON.parse(readFileSync(join(modelDir, 'omnireg.json'), 'utf8'));
  const chosen = new Set(tasksOf(folder).map(({ study }) => study.id));
  const summaries = read(answers)
    .filter(({ task, trials }) => chosen.has(task) && sizes.includes(trials))
    .map((line) => summarize(line, calibration_scores));
  const report = reportCoverage(summaries);
  console.log(report);
  if (options.write) {
    writeFileSync('docs/images/reliability.svg', await drawReliability(summaries));
    const page = readFileSync('docs/calibration.md', 'utf8');
    writeFileSync('docs/calibration.md', replaced(page, 'bench:coverage', report));
  }
}

async function work(folder: string, modelDir: string, answers: string, part: string): Promise<void> {
  const [index, count] = part.split('/').map(Number);
  const model = await openModel(modelDir);
  const inference = new Inference({ ...model, lora: model.adapter?.lora }, 1);
  const encoder = new PromptEncoder(model.tokenizer, model.card);
  const done = new Set(read(answers).map(({ task, trials }) => `${task} ${trials}`));
  const jobs = sizes.flatMap((trials) => tasksOf(folder).map((task) => ({ task, trials })));
  for (const { task, trials } of jobs.filter((_, i) => i % count! === index)) {
    if (done.has(`${task.study.id} ${trials}`)) continue;
    const begin = performance.now();
    const line = await answerTask(task, trials, encoder, (questions) =>
      askModel(inference, questions, model.adapter?.weights),
    );
    if (!line) continue;
    appendFileSync(join(answers, `${index}.jsonl`), `${JSON.stringify(line)}\n`);
    console.log(`${task.study.id}, ${trials} trials: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
  await inference.release();
}

/** The first task of each family before any second one, so that a bench cut short has seen all families. */
function tasksOf(folder: string): RealTask[] {
  const families = options.families?.split(',') ?? familiesOf(folder, options.use);
  const byFamily = families.map((family) => loadTasks(folder, family, Number(options.tasks), WANTED_TRIALS));
  return Array.from({ length: Number(options.tasks) }, (_, i) => byFamily.flatMap((tasks) => tasks[i] ?? [])).flat();
}

function read(answers: string): TaskAnswers[] {
  return readdirSync(answers)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(answers, file), 'utf8').split('\n'))
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as TaskAnswers] : []));
}
