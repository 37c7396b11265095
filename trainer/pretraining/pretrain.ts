// Trains the base model: a trunk at a constant rate for as long as one likes, and from wherever it stands a cool-down that ends in
// a model. Killed at any moment it goes on from its last checkpoint; asked for more steps, the trunk grows from where it was.
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { loadCheckpoint } from '../checkpoint.js';
import type { Device } from '../devices/device.js';
import { onTrainingDevice } from '../devices/training-device.js';
import { ExampleFeed } from '../example-feed.js';
import type { Executor } from '../executors/executor.js';
import { makeExecutor } from '../executors/make-executor.js';
import { makeOptimizer } from '../optimizers/optimizers.js';
import { openEnded } from '../optimizers/schedule.js';
import { type StartingPoint, startingPoint } from '../starting-point.js';
import type { TrainConfig } from '../train-config.js';
import { runSteps } from '../training-loop.js';
import type { Json, TrainEvent } from '../types.js';
import { Corpus, type CorpusOptions } from './corpus.js';
import { type GroupScore, scoreGroups } from './grouped-validation.js';
import { PretrainingEpisodes } from './pretraining-episodes.js';
import { publish } from './publish.js';
import { type PretrainingSettings, type ResolvedPretraining, resolvePretraining } from './settings.js';

export interface PretrainRequest {
  /** Folder of measured families; absent: made-up studies only. */
  families?: string;
  /** Its trunk, its cool-downs and its model lie in here; the same folder again goes on. */
  outDir: string;
  /** Overrides of both tables of settings.ts; unknown keys are an error. */
  settings?: Record<string, Json>;
  /** Cool down from where the trunk stands, however many steps were asked for. */
  finish?: boolean;
}

export type PretrainEvent = TrainEvent | { type: 'groups'; step: number; groups: GroupScore[] };

export interface PretrainHooks {
  onEvent?: (event: PretrainEvent) => void;
  signal?: AbortSignal;
}

export interface PretrainResult {
  modelDir: string;
  steps: number;
  groups: GroupScore[];
}

const DECODER_STEPS = 1 + new AbsoluteCodec().maxLength;
/** Of a training's configuration, what may change between two calls: length, machine, and how often the state is saved. */
const FREE: readonly (keyof TrainConfig)[] = [
  'steps',
  'episodes',
  'threads',
  'device',
  'checkpoint_seconds',
  'keep_checkpoints',
  'final_learning_rate',
];

/**
 * Deterministic: the same request gives the same weights on the same machine, however often it was killed.
 * @throws TrainerError `train_config`, `no_training_data`, `checkpoint` where the folder holds a pretraining with other settings
 * @throws AbortError after `hooks.signal`, with a checkpoint saved
 */
export async function pretrain(request: PretrainRequest, hooks: PretrainHooks = {}): Promise<PretrainResult> {
  const resolved = resolvePretraining(request.settings);
  const trunkDir = join(request.outDir, 'trunk');
  await mkdir(trunkDir, { recursive: true });
  const corpus = await Corpus.open(request.families, corpusOptions(resolved));
  const log = (level: 'info' | 'warn', message: string) => hooks.onEvent?.({ type: 'log', level, message });
  return onTrainingDevice({ request: resolved.config.device, workDir: trunkDir, log }, (device) =>
    pretrainOn(device, resolved, corpus, request, hooks),
  );
}

function corpusOptions({ settings, config }: ResolvedPretraining): CorpusOptions {
  const { real_share, disguised, searched, validation_studies } = settings;
  const { seed, queries, max_context, no_context, no_history } = config;
  return { real_share, disguised, searched, validation_studies, seed, queries, max_context, no_context, no_history };
}

function optimizerOptions({ beta1, beta2, epsilon, weight_decay, clip_norm }: TrainConfig) {
  return { beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm };
}

/** Which steps the trunk takes, and which the cool-down after it. */
interface Course {
  trunkSteps: number;
  steps: number;
}

function plan({ settings, config }: ResolvedPretraining, reached: number, finish: boolean): Course {
  const { run_steps } = config;
  const wanted = Math.max(1, Math.floor((config.steps * (1 - settings.cooldown)) / run_steps)) * run_steps;
  const trunkSteps = finish && reached > 0 ? reached : Math.max(reached, wanted);
  const falling = (trunkSteps * settings.cooldown) / (1 - settings.cooldown);
  return { trunkSteps, steps: trunkSteps + Math.max(1, Math.round(falling / run_steps)) * run_steps };
}

async function pretrainOn(
  device: Device,
  resolved: ResolvedPretraining,
  corpus: Corpus,
  request: PretrainRequest,
  hooks: PretrainHooks,
): Promise<PretrainResult> {
  const { settings } = resolved;
  const emit = hooks.onEvent ?? (() => {});
  const start = await startingPoint(undefined, resolved.config);
  const fingerprint = fingerprintOf(resolved, corpus, start);
  const trunkDir = join(request.outDir, 'trunk');
  const trunk = await loadCheckpoint(trunkDir, fingerprint);
  const { trunkSteps, steps } = plan(resolved, trunk?.state.step ?? 0, request.finish ?? false);
  // A rate that falls otherwise is another cool-down from the same trunk.
  const coolDir = join(request.outDir, `cooldown-${trunkSteps}-${steps}-${resolved.config.final_learning_rate}`);
  await mkdir(coolDir, { recursive: true });
  const cool = await loadCheckpoint(coolDir, fingerprint);
  // Windows are numbered without end: how many there are never decides what is in one.
  const config = { ...resolved.config, steps, episodes: steps * resolved.config.window_episodes };
  const source = new PretrainingEpisodes({
    families: request.families,
    options: corpusOptions(resolved),
    validations: corpus.validations,
    tokenizerFile: start.tokenizerFile,
    limits: config,
    threads: config.threads,
  });
  const feed = await ExampleFeed.open({
    episodes: () => source,
    config,
    reuse: settings.reuse,
    lengths: settings.lengths,
    workDir: trunkDir,
    fingerprint,
    batches: { decoderSteps: DECODER_STEPS, firstToken: start.model.config.number_token_begin, config },
    signal: hooks.signal,
    onProgress: (done, total) => emit({ type: 'prepare', done, total, etaSeconds: 0 }),
  });
  const executor = makeExecutor(device, {
    model: start.model,
    optimizer: makeOptimizer(config.optimizer, optimizerOptions(config)),
    threads: config.threads,
    accumulate: config.accumulate,
  });
  try {
    for (const message of [...(trunk?.damaged ?? []), ...(cool?.damaged ?? [])])
      emit({ type: 'log', level: 'warn', message });
    await executor.load((cool ?? trunk)?.state ?? executor.initialState(start.weights));
    await feed.ready(Math.min(executor.step, steps - 1) / config.run_steps);
    const questions = source.validation().then(({ results }) => results.then((all) => all.flat()));
    questions.catch(() => {});
    const look = async () => {
      const { weights } = await executor.state();
      const groups = await scoreGroups(
        await questions,
        { config: start.model.config, weights },
        config.threads,
        device,
      );
      emit({ type: 'groups', step: executor.step, groups });
      return groups;
    };
    const schedule = (step: number) =>
      openEnded(
        {
          peak: config.learning_rate,
          warmupSteps: config.warmup_steps,
          coolFrom: trunkSteps,
          coolSteps: steps - trunkSteps,
          finalFraction: config.final_learning_rate,
        },
        step,
      );
    const stage = { executor, feed, config, fingerprint, schedule, settings, hooks, emit, look };
    if (executor.step < trunkSteps) await runStage({ ...stage, workDir: trunkDir, until: trunkSteps });
    if (executor.step < steps) await runStage({ ...stage, workDir: coolDir, until: steps });
    const groups = await look();
    emit({ type: 'phase', phase: 'save', message: 'Writing the model' });
    const modelDir = join(request.outDir, 'model');
    await publish(modelDir, {
      start,
      weights: (await executor.state()).weights,
      config,
      settings,
      steps,
      trunkSteps,
      corpus,
      groups,
      questions: await questions,
      device,
      waitedSeconds: feed.waitedSeconds,
    });
    return { modelDir, steps, groups };
  } finally {
    await Promise.all([executor.release(), feed.close(), source.close()]);
  }
}

interface Stage {
  executor: Executor;
  feed: ExampleFeed;
  config: TrainConfig;
  fingerprint: string;
  schedule: (step: number) => number;
  settings: PretrainingSettings;
  hooks: PretrainHooks;
  emit: (event: PretrainEvent) => void;
  look: () => Promise<unknown>;
  workDir: string;
  until: number;
}

/** Takes steps until `until`, with a look at what was held back on the way. */
async function runStage({
  executor,
  feed,
  config,
  settings,
  workDir,
  until,
  hooks,
  look,
  ...rest
}: Stage): Promise<void> {
  const every = Math.ceil(settings.validate_every / config.run_steps) * config.run_steps;
  while (executor.step < until) {
    const stop = Math.min(until, (Math.floor(executor.step / every) + 1) * every);
    await runSteps({
      ...rest,
      executor,
      batchesOf: (run) => feed.batches(run),
      config: { ...config, steps: stop },
      workDir,
      signal: hooks.signal,
    });
    if (stop % every === 0) await look();
  }
}

/** Names everything that a trunk's weights depend on, but for its length and the machine. */
function fingerprintOf(
  { settings, config }: ResolvedPretraining,
  corpus: Corpus,
  { tokenizerJson }: StartingPoint,
): string {
  const fixed = Object.entries(config).filter(([key]) => !FREE.includes(key as keyof TrainConfig));
  const { real_share, disguised, searched, reuse, lengths } = settings;
  const data = corpus.families.map(({ name, studies }) => [name, studies.map(({ id, version }) => [id, version])]);
  return createHash('sha256')
    .update(JSON.stringify([fixed, real_share, disguised, searched, reuse, lengths, data]))
    .update(tokenizerJson)
    .digest('hex');
}
