// Optimizers side by side on the demo's data: memory of their state, time of a step, loss after the same steps, validation score.
// Usage: npm run bench:optimizers [-- STEPS]. Draws docs/images/optimizers.svg where it runs the default number of steps.
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { packageFile } from '../../tokenizer/package-root.js';
import { LoopExecutor } from '../../trainer/executors/loop-executor.js';
import { DEFAULT_MODEL_CONFIG } from '../../trainer/model/config.js';
import { initialAdapter, LORA_TARGETS } from '../../trainer/model/lora.js';
import { initialWeights, type Weights } from '../../trainer/model/parameters.js';
import { type TrainableModel, trainableSpecs } from '../../trainer/model/trainable.js';
import { makeOptimizer, OPTIMIZERS, type OptimizerName, stateBytes } from '../../trainer/optimizers/optimizers.js';
import { warmupCosine } from '../../trainer/optimizers/schedule.js';
import type { GradientTransformation } from '../../trainer/optimizers/transformation.js';
import { answering } from '../../trainer/starting-point.js';
import { DEFAULT_TRAIN_CONFIG, resolveTrainConfig } from '../../trainer/train-config.js';
import { validate } from '../../trainer/validation.js';
import { demoData } from './demo-data.js';
import { plotLosses } from './loss-plot.js';

const base: TrainableModel = { config: DEFAULT_MODEL_CONFIG };
/** Those of docs/optimizers.md and its picture: more than a training's default, which is meant for a start from the base model. */
const DEFAULT_STEPS = 600;
const steps = Number(process.argv[2] ?? DEFAULT_STEPS);
const config = resolveTrainConfig({ steps });
/** Steps at the end whose mean loss is compared. */
const LAST = 60;

interface Entry {
  name: string;
  model: TrainableModel;
  optimizer: GradientTransformation;
  stateBytes: number;
}

const { beta1, beta2, epsilon, weight_decay: weightDecay, clip_norm: clipNorm } = config;
const entryOf = (optimizer: OptimizerName, model: TrainableModel, name: string = optimizer): Entry => ({
  name,
  model,
  optimizer: makeOptimizer(optimizer, { beta1, beta2, epsilon, weightDecay, clipNorm }),
  stateBytes: stateBytes(optimizer, trainableSpecs(model)),
});
// An adapter on random weights: what low rank alone can learn. docs/adapters.md has what it is for.
const adapter = { rank: 8, alpha: DEFAULT_TRAIN_CONFIG.lora_alpha, targets: LORA_TARGETS };
const entries: Entry[] = [
  ...OPTIMIZERS.map((name) => entryOf(name, base)),
  entryOf('adamw', { ...base, adapter }, 'lora, rank 8'),
];
const random = initialWeights(base.config, config.seed);
const firstWeights = ({ adapter: lora }: TrainableModel): Weights =>
  lora ? initialAdapter(base.config, lora, config.seed) : random;

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const data = await demoData(config);
const runners = await Promise.all(
  entries.map(async (entry) => {
    const { model, optimizer } = entry;
    const executor = new LoopExecutor({ model, frozen: random, optimizer, threads: config.threads });
    await executor.load(executor.initialState(firstWeights(model)));
    return { ...entry, executor, losses: [] as number[], milliseconds: [] as number[] };
  }),
);

const schedule = {
  peak: config.learning_rate,
  warmupSteps: config.warmup_steps,
  finalFraction: config.final_learning_rate,
  steps: config.steps,
};
const compiled = new Set<number>();
for (let run = 0; run * config.run_steps < config.steps; run++) {
  const batches = await data.batches(run);
  const rates = Float32Array.from({ length: config.run_steps }, (_, i) =>
    warmupCosine(schedule, run * config.run_steps + i),
  );
  const first = !compiled.has(batches.shape.length);
  compiled.add(batches.shape.length);
  // Taking turns, and beginning with another one each time, all share the machine's noise.
  for (let i = 0; i < runners.length; i++) {
    const runner = runners[(run + i) % runners.length]!;
    const begin = performance.now();
    const { loss } = await runner.executor.run(batches, rates);
    // The first run of a length compiles its session.
    runner.milliseconds.push(first ? Number.NaN : (performance.now() - begin) / config.run_steps);
    runner.losses.push(...loss);
  }
  process.stderr.write(`\r${(run + 1) * config.run_steps} of ${config.steps} steps`);
}
process.stderr.write('\n');

const questions = await data.validation();
await data.close();

const [reference] = runners;
const final = (losses: readonly number[]) => mean(losses.slice(-LAST));
console.log(`${cpus()[0]!.model}, ${config.threads} threads, ${config.steps} steps of ${config.batch_size} examples\n`);
console.log(
  "| optimizer | state, kB | of AdamW's | ms a step | × AdamW | loss, last 60 | × AdamW | validation score |",
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const { name, model, stateBytes: bytes, milliseconds, losses, executor } of runners) {
  const measured = milliseconds.filter((ms) => !Number.isNaN(ms));
  const ratios = milliseconds.map((ms, i) => ms / reference!.milliseconds[i]!).filter((ratio) => !Number.isNaN(ratio));
  const { weights } = await executor.state();
  const trained = answering({ model, frozen: random }, weights);
  const answers = await validate(questions, trained.model, config.threads, trained.adapter);
  const cells = [
    name,
    (bytes / 1000).toFixed(0),
    (bytes / reference!.stateBytes).toFixed(3),
    median(measured).toFixed(0),
    median(ratios).toFixed(2),
    final(losses).toFixed(4),
    (final(losses) / final(reference!.losses)).toFixed(4),
    answers!.score.toFixed(4),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  await executor.release();
}

if (config.steps === DEFAULT_STEPS) {
  const curves = runners.map((r) => ({
    label: `${r.name}, ${((100 * r.stateBytes) / reference!.stateBytes).toFixed(1)}% of AdamW's state`,
    losses: r.losses,
  }));
  await writeFile(packageFile('docs', 'images', 'optimizers.svg'), await plotLosses(curves, config.run_steps));
}
