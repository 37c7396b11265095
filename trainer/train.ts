// Trains: studies in, a model directory out. The whole of it in one readable pass; each part has a file of its own.
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import { SERIALIZATION_VERSION } from '../tokenizer/serialize.js';
import { loadCheckpoint } from './checkpoint.js';
import type { Device } from './devices/device.js';
import { onTrainingDevice } from './devices/training-device.js';
import { judge, validationMetrics } from './do-no-harm.js';
import { TrainerError } from './errors.js';
import { ExampleFeed } from './example-feed.js';
import type { TrainingState } from './executors/executor.js';
import { makeExecutor } from './executors/make-executor.js';
import { collectKnown, mergeKnown } from './history/known-studies.js';
import { baseModel } from './hugging-face/import-model.js';
import { measureExports } from './hugging-face/measured-exports.js';
import { weightsDigest } from './model/weights.js';
import { makeOptimizer } from './optimizers/optimizers.js';
import { promptRulesOf } from './prompt.js';
import {
  type Answering,
  answering,
  answeringParent,
  type StartingPoint,
  saveTrained,
  startingPoint,
} from './starting-point.js';
import { studyEpisodes } from './study-episodes.js';
import { headOf, sourceOf } from './study-source.js';
import { DEFAULT_TRAIN_CONFIG, resolveTrainConfig, type TrainConfig } from './train-config.js';
import { EVENT_SECONDS, runSteps } from './training-loop.js';
import type { Json, StudySource, TrainEvent, TrainHooks, TrainRequest, TrainResult } from './types.js';
import { type ValidationExample, validate } from './validation.js';

/** Decoder positions: an escape token and the absolute spelling behind it. */
const DECODER_STEPS = 1 + new AbsoluteCodec().maxLength;
/** Fewest trials, over all studies, that there is something to learn from. */
export const MIN_TRAINING_TRIALS = 2;

/**
 * Fine-tunes `request.parentDir`, or trains from random weights, on all of the studies. Deterministic: the same request
 * gives the same weights on the same machine, however often it was killed and called again with the same `workDir`.
 *
 * @throws TrainerError `train_config`, `no_training_data`, `model_files`, `checkpoint`, `device_unavailable`
 * @throws AbortError after `hooks.signal`, with a checkpoint saved
 */
export async function train(request: TrainRequest, hooks: TrainHooks = {}): Promise<TrainResult> {
  const config = resolveTrainConfig(request.config);
  await mkdir(request.workDir, { recursive: true });
  const log = (level: 'info' | 'warn', message: string) => hooks.onEvent?.({ type: 'log', level, message });
  return onTrainingDevice({ request: config.device, workDir: request.workDir, log }, (device) =>
    trainOn(device, config, request, hooks),
  );
}

async function trainOn(
  device: Device,
  asked: TrainConfig,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<TrainResult> {
  const emit = hooks.onEvent ?? (() => {});
  const studies = request.studies.map(sourceOf);
  const trials = studies.reduce((sum, s) => sum + s.trials, 0);
  if (trials < MIN_TRAINING_TRIALS) {
    throw new TrainerError(
      'no_training_data',
      `The studies hold ${trials} finished trials; training needs at least ${MIN_TRAINING_TRIALS}`,
    );
  }
  const { parentDir, workDir } = request;
  const base = parentDir && (await baseModel(parentDir, join(workDir, 'imported'), asked));
  const start = await startingPoint(base, asked);
  const { parent, model, tokenizerFile } = start;
  // What the parent was never shown, and how it writes, stays so.
  const {
    without_evidence = [],
    digits = DEFAULT_TRAIN_CONFIG.digits,
    frame = DEFAULT_TRAIN_CONFIG.frame,
  } = parent?.card ?? asked;
  const config = { ...asked, without_evidence, digits, frame };
  const fingerprint = fingerprintOf(config, studies, start);

  const ownHistory = await collectKnown(studies);
  const history = mergeKnown(ownHistory, parent?.history ?? []);
  const feed = await ExampleFeed.open({
    episodes: studyEpisodes({ studies, known: history, config, tokenizerFile }),
    config,
    workDir: request.workDir,
    fingerprint,
    batches: { decoderSteps: DECODER_STEPS, firstToken: model.config.number_token_begin, config },
    signal: hooks.signal,
    onProgress: progressOf(emit),
  });
  emit({ type: 'phase', phase: 'prepare', message: 'Fitting experts and writing examples' });
  const executor = makeExecutor(device, {
    model,
    frozen: start.frozen,
    optimizer: makeOptimizer(config.optimizer, adamOptions(config)),
    threads: config.threads,
    accumulate: config.accumulate,
  });
  let state: TrainingState;
  let questions: ValidationExample[];
  try {
    const checkpoint = await loadCheckpoint(request.workDir, fingerprint);
    for (const message of checkpoint?.damaged ?? []) emit({ type: 'log', level: 'warn', message });
    await executor.load(checkpoint?.state ?? executor.initialState(start.weights));
    await feed.ready(executor.step / config.run_steps);
    await runSteps({
      executor,
      batchesOf: (run) => feed.batches(run),
      config,
      workDir: request.workDir,
      fingerprint,
      signal: hooks.signal,
      emit,
    });
    state = await executor.state();
    questions = await feed.validation();
  } finally {
    await Promise.all([executor.release(), feed.close()]);
  }
  const waited = feed.waitedSeconds;
  emit({ type: 'log', level: 'info', message: `The steps waited ${waited.toFixed(2)} s for their examples` });

  emit({ type: 'phase', phase: 'validate', message: 'Comparing with trials held back' });
  const answersOf = ({ model, adapter }: Answering) => validate(questions, model, config.threads, adapter, device);
  const after = await answersOf(answering(start, state.weights));
  const parentAnswers = parent !== undefined && !parent.card.imported;
  const before = parentAnswers ? await answersOf(answeringParent(parent)) : undefined;
  if (after) emit({ type: 'validation', step: state.step, score: after.score, error: after.error });
  const verdict = judge({ after, before, parentAnswers, share: config.validation });
  const metrics: Record<string, number> = {
    steps: state.step,
    training_examples: state.step * config.batch_size,
    data_wait_seconds: waited,
    ...validationMetrics(verdict, { after, before }),
  };
  const resolved = { ...config } as unknown as Record<string, Json>;
  // The parent's weights are kept, but what the studies measured is known from now on: history answers beside any weights.
  const [weights, answers] = verdict.publish ? [state.weights, after] : [start.weights, before];
  const message = verdict.publish ? 'Writing the model' : "Writing the parent's weights with what the studies measured";
  emit({ type: 'phase', phase: 'save', message });
  const exports = model.adapter
    ? undefined
    : await measureExports(answers, (precision) =>
        validate(questions, { config: model.config, weights, precision }, config.threads),
      );
  const card = {
    serialization_version: SERIALIZATION_VERSION,
    ...promptRulesOf(config),
    calibration_scores: answers?.centralities ?? parent?.card.calibration_scores ?? [],
    metrics,
    training: resolved,
    ...(exports && { exports }),
  };
  // Beside the base that it shares with its parent, an adapter also keeps what its parent had learned there.
  const own = mergeKnown(ownHistory, parent?.adapter?.history ?? []);
  await saveTrained(request.outDir, start, weights, { card, own, all: history });
  const outcome = verdict.publish ? 'published' : 'kept_parent';
  return { outcome, reason: verdict.reason, adapter: model.adapter !== undefined, metrics, config: resolved };
}

function adamOptions({ beta1, beta2, epsilon, weight_decay, clip_norm }: TrainConfig) {
  return { beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm };
}

/** Names everything that the weights depend on. */
function fingerprintOf(config: TrainConfig, studies: readonly StudySource[], start: StartingPoint): string {
  const data = studies.map((study) => ({ ...headOf(study), version: study.version }));
  const hash = createHash('sha256')
    .update(JSON.stringify([config, data]))
    .update(start.tokenizerJson);
  if (start.parent) hash.update(weightsDigest(start.frozen)).update(weightsDigest(start.weights));
  return hash.digest('hex');
}

/** Reports progress of the first examples, no more often than events are wanted. */
function progressOf(emit: (event: TrainEvent) => void): (done: number, total: number) => void {
  const begin = performance.now();
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const elapsed = (performance.now() - begin) / 1000;
    if (elapsed - last < EVENT_SECONDS && done < total) return;
    last = elapsed;
    emit({ type: 'prepare', done, total, etaSeconds: (elapsed / done) * (total - done) });
  };
}
