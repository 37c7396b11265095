// Every knob of a training in one flat table, each with its default and its reason.
import { availableParallelism } from 'node:os';
import { DEVICE_REQUESTS, type DeviceRequest } from './devices/device.js';
import { TrainerError } from './errors.js';
import { FRAME_KINDS, type FrameKind } from './evidence.js';
import { DEFAULT_MODEL_CONFIG } from './model/config.js';
import { LORA_TARGETS } from './model/lora.js';
import { nearestName } from './nearest.js';
import { OPTIMIZERS, type OptimizerName } from './optimizers/optimizers.js';
import { EVIDENCE_NAMES } from './prompt.js';
import type { Json } from './types.js';

export interface TrainConfig {
  seed: number;
  /** Where the steps are taken; `auto`: a GPU where there is one, else the CPU. */
  device: DeviceRequest;
  /** Optimizer steps, rounded up to whole runs. */
  steps: number;
  /** Examples a step. */
  batch_size: number;
  /** Parts a step's batch is cut into; their gradients are added up. The same step in less memory, somewhat slower. */
  accumulate: number;
  /** Steps inside one ONNX Loop: between two runs parameters cross to JavaScript, progress is reported and cancels are seen. */
  run_steps: number;
  optimizer: OptimizerName;
  /** Peak of the warm-up and cosine schedule, as AdamW takes it; other optimizers multiply it: see OPTIMIZER_DEFAULTS. */
  learning_rate: number;
  warmup_steps: number;
  /** Share of the peak the schedule ends on. */
  final_learning_rate: number;
  beta1: number;
  /** Below the usual 0.999: short trainings need the second moment to follow. */
  beta2: number;
  epsilon: number;
  weight_decay: number;
  clip_norm: number;
  /** Loss of each digit place relative to the one before it: an error in the first digit costs most. */
  place_decay: number;
  /** Training episodes: each draws a study, an objective and a context, and asks about trials outside the context. */
  episodes: number;
  /** Episodes that are made, trained on and kept in memory together; see docs/training-data.md. */
  window_episodes: number;
  /** Queries an episode: the experts are fitted once for all of them. */
  queries: number;
  /** Largest context drawn; sizes are log-uniform below it. */
  max_context: number;
  /** Share of episodes without any context. */
  no_context: number;
  /** Share of episodes that do not see what the other studies say, as when a study is the first of its kind. */
  no_history: number;
  /** Share of the episodes of a study with several objectives that know some of the others: see docs/objectives.md. */
  given: number;
  /** Chance that a piece of evidence is left out of a prompt, so that the model works with what there is. */
  drop_piece: number;
  /** Chance that an example is shown without any evidence and answered on the absolute scale. */
  drop_all: number;
  /** Longest prompt, tokens; metadata is cut first, then parameters, both at whole entries. */
  max_prompt: number;
  /** Longest metadata, tokens. */
  max_metadata: number;
  /** Pieces of evidence that a model is never shown, by the names of their markers; a fine-tune keeps its parent's. */
  without_evidence: readonly string[];
  /** Digits of an answer in a frame; a fine-tune keeps its parent's. */
  digits: number;
  /** Around what answers and evidence are written. */
  frame: FrameKind;
  /** Share of each study's trials that no training example asks about or shows: they decide what is published. */
  validation: number;
  /** Least seconds between two checkpoints. */
  checkpoint_seconds: number;
  /** Checkpoints kept; where the newest is damaged, the one before it is taken. */
  keep_checkpoints: number;
  /**
   * Rank of a low-rank adapter that is trained beside the frozen parent, a few hundred kB instead of a whole model; 0: all
   * parameters are trained.
   */
  lora_rank: number;
  /** The adapter's addition is scaled by lora_alpha / lora_rank. */
  lora_alpha: number;
  /** Matrices that the adapter adds to, by the last part of their names. */
  lora_targets: readonly (typeof LORA_TARGETS)[number][];
  /** Threads of ONNX Runtime; 0: one a core. */
  threads: number;
  d_model: number;
  d_kv: number;
  num_heads: number;
  d_ff: number;
  num_layers: number;
  num_decoder_layers: number;
}

export const DEFAULT_TRAIN_CONFIG: TrainConfig = {
  seed: 1,
  device: 'auto',
  steps: 200,
  batch_size: 32,
  accumulate: 1,
  run_steps: 20,
  optimizer: 'adamw',
  learning_rate: 1e-3,
  warmup_steps: 60,
  final_learning_rate: 0.05,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
  place_decay: 0.5,
  episodes: 400,
  window_episodes: 100,
  queries: 32,
  max_context: 200,
  no_context: 0.04,
  no_history: 0.15,
  given: 0.2,
  drop_piece: 0.05,
  drop_all: 0.05,
  max_prompt: 384,
  max_metadata: 96,
  without_evidence: [],
  digits: 4,
  frame: 'query',
  validation: 0.1,
  checkpoint_seconds: 10,
  keep_checkpoints: 3,
  lora_rank: 0,
  lora_alpha: 16,
  lora_targets: LORA_TARGETS,
  threads: 0,
  d_model: DEFAULT_MODEL_CONFIG.d_model,
  d_kv: DEFAULT_MODEL_CONFIG.d_kv,
  num_heads: DEFAULT_MODEL_CONFIG.num_heads,
  d_ff: DEFAULT_MODEL_CONFIG.d_ff,
  num_layers: DEFAULT_MODEL_CONFIG.num_layers,
  num_decoder_layers: DEFAULT_MODEL_CONFIG.num_decoder_layers,
};

/** Says what a value must be, for an error message, where it is not; undefined where it is. */
type Rule = (value: Json) => string | undefined;

const inRange =
  (kind: string, fits: (value: number) => boolean) =>
  (min: number, max: number): Rule =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max && fits(value)
      ? undefined
      : `${kind} from ${min} to ${max}`;
const count = inRange('an integer', Number.isInteger);
const real = inRange('a number', () => true);
const oneOf =
  (choices: readonly string[]): Rule =>
  (value) =>
    choices.some((choice) => choice === value) ? undefined : `one of ${choices.join(', ')}`;
const listOf =
  (choices: readonly string[], least = 0): Rule =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.every((v) => choices.some((choice) => choice === v))
      ? undefined
      : `a list of some of ${choices.join(', ')}`;

const RULES: Record<keyof TrainConfig, Rule> = {
  seed: count(0, 2 ** 31 - 1),
  device: oneOf(DEVICE_REQUESTS),
  steps: count(1, 10_000_000),
  batch_size: count(1, 4096),
  accumulate: count(1, 256),
  run_steps: count(1, 1000),
  optimizer: oneOf(OPTIMIZERS),
  learning_rate: real(0, 1),
  warmup_steps: count(0, 1_000_000),
  final_learning_rate: real(0, 1),
  beta1: real(0, 0.99999),
  beta2: real(0, 0.99999),
  epsilon: real(1e-12, 1e-2),
  weight_decay: real(0, 1),
  clip_norm: real(1e-6, 1e6),
  place_decay: real(0.01, 1),
  episodes: count(1, 10_000_000),
  window_episodes: count(1, 10_000),
  queries: count(1, 1024),
  max_context: count(0, 1000),
  no_context: real(0, 1),
  no_history: real(0, 1),
  given: real(0, 1),
  drop_piece: real(0, 1),
  drop_all: real(0, 1),
  max_prompt: count(32, 2048),
  max_metadata: count(0, 1024),
  without_evidence: listOf(EVIDENCE_NAMES),
  digits: count(1, 4),
  frame: oneOf(FRAME_KINDS),
  validation: real(0, 0.5),
  checkpoint_seconds: real(0, 86_400),
  keep_checkpoints: count(1, 100),
  lora_rank: count(0, 256),
  lora_alpha: real(1e-3, 1e4),
  lora_targets: listOf(LORA_TARGETS, 1),
  threads: count(0, 1024),
  d_model: count(8, 1024),
  d_kv: count(4, 128),
  num_heads: count(1, 64),
  d_ff: count(8, 4096),
  num_layers: count(1, 24),
  num_decoder_layers: count(1, 24),
};

/** @throws TrainerError `train_config` for an unknown key (naming the nearest known one) or a value that does not fit */
export function checkHyperparameter(key: string, value: Json): void {
  if (!Object.hasOwn(RULES, key)) {
    const known = Object.keys(RULES);
    const nearest = nearestName(key, known);
    const hint = nearest ? `did you mean "${nearest}"?` : `known are ${known.join(', ')}`;
    throw new TrainerError('train_config', `Unknown hyperparameter "${key}"; ${hint}`);
  }
  const wanted = RULES[key as keyof TrainConfig](value);
  if (wanted !== undefined)
    throw new TrainerError('train_config', `Hyperparameter "${key}" must be ${wanted}, not ${JSON.stringify(value)}`);
}

/** Defaults with the caller's overrides. @throws TrainerError `train_config`, also where two values do not go together */
export function resolveTrainConfig(overrides: Record<string, Json> = {}): TrainConfig {
  const config = { ...DEFAULT_TRAIN_CONFIG };
  for (const [key, value] of Object.entries(overrides)) {
    checkHyperparameter(key, value);
    Object.assign(config, { [key]: value });
  }
  if (config.batch_size % config.accumulate !== 0) {
    throw new TrainerError(
      'train_config',
      `Hyperparameter "accumulate" must divide batch_size (${config.batch_size}) evenly, and ${config.accumulate} does not`,
    );
  }
  if (config.threads === 0) config.threads = availableParallelism();
  config.steps = Math.ceil(config.steps / config.run_steps) * config.run_steps;
  return config;
}
