// Trains: studies in, a model directory out. The whole of it in one readable pass; each part has a file of its own.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import { packageFile } from '../tokenizer/package-root.js';
import { SERIALIZATION_VERSION } from '../tokenizer/serialize.js';
import { bucketByLength, trainingBatches } from './batches.js';
import { loadCheckpoint } from './checkpoint.js';
import { TrainerError } from './errors.js';
import { type ExamplePool, loadOrMakeExamples } from './example-pool.js';
import type { TrainingState } from './executors/executor.js';
import { LoopExecutor } from './executors/loop-executor.js';
import { collectHistory, type HistoryRow, mergeHistory } from './history.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from './model/config.js';
import { initialWeights, type Weights } from './model/parameters.js';
import { loadModel, saveModel } from './model-directory.js';
import { adamW } from './optimizers/adamw.js';
import { resolveTrainConfig, type TrainConfig } from './train-config.js';
import { runSteps } from './training-loop.js';
import type { Json, StudyData, TrainEvent, TrainHooks, TrainRequest, TrainResult } from './types.js';
import { type ValidationAnswers, validate } from './validation.js';

/** Decoder positions: an escape token and the absolute spelling behind it. */
const DECODER_STEPS = 1 + new AbsoluteCodec().maxLength;
/** Seconds between two progress events. */
const EVENT_SECONDS = 1;
/** Fewest trials, over all studies, that there is something to learn from. */
export const MIN_TRAINING_TRIALS = 2;

/**
 * Fine-tunes `request.parentDir`, or trains from random weights, on all of the studies. Deterministic: the same request
 * gives the same weights on the same machine, however often it was killed and called again with the same `workDir`.
 *
 * @throws TrainerError `train_config`, `no_training_data`, `model_files`, `checkpoint`
 * @throws AbortError after `hooks.signal`, with a checkpoint saved
 */
export async function train(request: TrainRequest, hooks: TrainHooks = {}): Promise<TrainResult> {
  const emit = hooks.onEvent ?? (() => {});
  const config = resolveTrainConfig(request.config);
  const trials = request.studies.reduce((sum, s) => sum + s.trials.length, 0);
  if (trials < MIN_TRAINING_TRIALS) {
    throw new TrainerError(
      'no_training_data',
      `The studies hold ${trials} finished trials; training needs at least ${MIN_TRAINING_TRIALS}`,
    );
  }
  await mkdir(request.workDir, { recursive: true });

  const parent = request.parentDir ? await loadModel(request.parentDir) : undefined;
  const tokenizerFile = request.parentDir
    ? join(request.parentDir, 'tokenizer.json')
    : packageFile('tokenizer', 'tokenizer.json');
  const tokenizerJson = parent?.tokenizerJson ?? (await readFile(tokenizerFile, 'utf8'));
  const modelConfig = parent?.config ?? modelConfigOf(config);
  const fingerprint = fingerprintOf(config, request.studies, tokenizerJson, parent?.weights);

  const history = mergeHistory(collectHistory(request.studies), parent?.history ?? []);
  const pool = await prepare(request, history, config, tokenizerFile, fingerprint, hooks, emit);
  const executor = new LoopExecutor({
    model: { config: modelConfig },
    optimizer: adamW(adamOptions(config)),
    threads: config.threads,
    accumulate: config.accumulate,
  });
  const buckets = bucketByLength(pool.training);
  const batchOptions = { decoderSteps: DECODER_STEPS, firstToken: modelConfig.number_token_begin, config };
  let state: TrainingState;
  try {
    const first = () => executor.initialState(parent?.weights ?? initialWeights(modelConfig, config.seed));
    await executor.load((await loadCheckpoint(request.workDir, fingerprint)) ?? first());
    await runSteps({
      executor,
      batchesOf: async (run) => trainingBatches(buckets, run, config, batchOptions),
      config,
      workDir: request.workDir,
      fingerprint,
      signal: hooks.signal,
      emit,
    });
    state = await executor.state();
  } finally {
    await executor.release();
  }

  emit({ type: 'phase', phase: 'validate', message: 'Comparing with trials held back' });
  const answersOf = (weights: Weights) => validate(pool.validation, { config: modelConfig, weights }, config.threads);
  const after = await answersOf(state.weights);
  const before = parent ? await answersOf(parent.weights) : undefined;
  if (after) emit({ type: 'validation', step: state.step, score: after.score, error: after.error });
  const verdict = judge(after, before);
  const metrics: Record<string, number> = { steps: state.step, training_examples: pool.training.length };
  Object.assign(
    metrics,
    after && { validation_score: after.score, validation_error: after.error, validation_trials: after.trials },
  );
  Object.assign(metrics, before && { parent_validation_score: before.score, parent_validation_error: before.error });
  const resolved = { ...config } as unknown as Record<string, Json>;
  if (verdict.publish) {
    emit({ type: 'phase', phase: 'save', message: 'Writing the model' });
    await saveModel(request.outDir, {
      config: modelConfig,
      weights: state.weights,
      tokenizerJson,
      history,
      card: {
        serialization_version: SERIALIZATION_VERSION,
        max_prompt: config.max_prompt,
        max_metadata: config.max_metadata,
        calibration_scores: after?.centralities ?? [],
        metrics,
        training: resolved,
      },
    });
  }
  return { outcome: verdict.publish ? 'published' : 'kept_parent', reason: verdict.reason, metrics, config: resolved };
}

function modelConfigOf({ d_model, d_kv, num_heads, d_ff, num_layers, num_decoder_layers }: TrainConfig): ModelConfig {
  return { ...DEFAULT_MODEL_CONFIG, d_model, d_kv, num_heads, d_ff, num_layers, num_decoder_layers };
}

function adamOptions({ beta1, beta2, epsilon, weight_decay, clip_norm }: TrainConfig) {
  return { beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm };
}

/** Names everything that the weights depend on. */
function fingerprintOf(
  config: TrainConfig,
  studies: readonly StudyData[],
  tokenizerJson: string,
  parent: Weights | undefined,
): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([config, studies]))
    .update(tokenizerJson);
  for (const [name, data] of parent ?? [])
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/** Examples of the job, with progress. */
async function prepare(
  request: TrainRequest,
  rows: HistoryRow[],
  config: TrainConfig,
  tokenizerFile: string,
  fingerprint: string,
  hooks: TrainHooks,
  emit: (event: TrainEvent) => void,
): Promise<ExamplePool> {
  emit({ type: 'phase', phase: 'prepare', message: 'Fitting experts and writing examples' });
  const begin = performance.now();
  let last = Number.NEGATIVE_INFINITY;
  const onProgress = (done: number, total: number) => {
    const elapsed = (performance.now() - begin) / 1000;
    if (elapsed - last < EVENT_SECONDS && done < total) return;
    last = elapsed;
    emit({ type: 'prepare', done, total, etaSeconds: (elapsed / done) * (total - done) });
  };
  const { studies, workDir } = request;
  return loadOrMakeExamples({
    studies,
    rows,
    config,
    tokenizerFile,
    workDir,
    fingerprint,
    signal: hooks.signal,
    onProgress,
  });
}

/** Do no harm: a fine-tune replaces its parent only where it answers better about trials that neither has seen. */
function judge(
  after: ValidationAnswers | undefined,
  before: ValidationAnswers | undefined,
): { publish: boolean; reason: string } {
  if (!before || !after) {
    const few = after ? '' : ' and too few trials to hold any back';
    return { publish: true, reason: `There is ${before ? 'nothing' : 'no parent'} to compare with${few}.` };
  }
  const comparison = `${after.score.toFixed(4)} against the parent's ${before.score.toFixed(4)} on ${after.trials} trials held back`;
  if (after.score < before.score) return { publish: true, reason: `Better than its parent: ${comparison}.` };
  return { publish: false, reason: `Not better than its parent: ${comparison}.` };
}
