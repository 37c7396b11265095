// Every knob of a pretraining beside those of a training: what the corpus mixes, how long the rate falls, how often to look.
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import { DEFAULT_TRAIN_CONFIG, resolveTrainConfig, type TrainConfig } from '../train-config.js';
import type { Json } from '../types.js';
import type { CorpusOptions } from './corpus.js';

export interface PretrainingSettings
  extends Pick<CorpusOptions, 'real_share' | 'disguised' | 'searched' | 'validation_studies'> {
  /** Share of the steps over which the learning rate falls. */
  cooldown: number;
  /** Steps between two looks at studies that were held back. */
  validate_every: number;
  /** How often an example is shown, each time with other evidence dropped. Making one costs little: see docs/pretraining.md. */
  reuse: number;
  /** Encoder lengths that are compiled: the corpus has short prompts and long ones. */
  lengths: number;
}

export const DEFAULT_PRETRAINING: PretrainingSettings = {
  real_share: 0.4,
  disguised: 0.3,
  searched: 0.15,
  validation_studies: 60,
  cooldown: 0.2,
  validate_every: 2000,
  reuse: 1,
  lengths: 4,
};

const RANGES: Readonly<Record<keyof PretrainingSettings, readonly [number, number]>> = {
  real_share: [0, 1],
  disguised: [0, 1],
  searched: [0, 1],
  validation_studies: [1, 10_000],
  cooldown: [0.01, 0.9],
  validate_every: [1, 1e7],
  reuse: [1, 100],
  lengths: [1, 16],
};

/** Where a pretraining differs from the defaults of a fine-tuning. */
const TRAINING: Partial<TrainConfig> = {
  steps: 20_000,
  warmup_steps: 500,
  final_learning_rate: 0.02,
  window_episodes: 400,
  // Half of a fine-tuning's: twice as many studies in as many examples.
  queries: 16,
  max_context: 250,
  no_history: 0.4,
  drop_piece: 0.08,
  checkpoint_seconds: 120,
  // Whole studies are held back here, not a share of every study's trials.
  validation: 0,
};

/** Knobs of a training that a pretraining has no use for, and what to do instead. */
const UNUSED: Readonly<Record<string, string>> = {
  given: 'the studies of a pretraining have one objective each',
  validation: 'whole studies are held back: set "validation_studies"',
  episodes: 'episodes are made until the last step: set "steps"',
  lora_rank: 'an adapter stands beside a base that there is not yet',
  lora_alpha: 'an adapter stands beside a base that there is not yet',
  lora_targets: 'an adapter stands beside a base that there is not yet',
};

export interface ResolvedPretraining {
  settings: PretrainingSettings;
  config: TrainConfig;
}

/** Both tables of knobs from one flat list. @throws TrainerError `train_config` for an unknown key, one without effect or a value out of range */
export function resolvePretraining(overrides: Readonly<Record<string, Json>> = {}): ResolvedPretraining {
  const settings = { ...DEFAULT_PRETRAINING };
  const training: Record<string, Json> = { ...(TRAINING as Record<string, Json>) };
  for (const [key, value] of Object.entries(overrides)) {
    if (Object.hasOwn(UNUSED, key))
      throw new TrainerError('train_config', `Setting "${key}" has no effect on a pretraining: ${UNUSED[key]}`);
    if (Object.hasOwn(RANGES, key))
      Object.assign(settings, { [key]: inRange(key as keyof PretrainingSettings, value) });
    else if (Object.hasOwn(DEFAULT_TRAIN_CONFIG, key)) training[key] = value;
    else throw unknown(key);
  }
  return { settings, config: resolveTrainConfig(training) };
}

function inRange(key: keyof PretrainingSettings, value: Json): number {
  const [low, high] = RANGES[key];
  const whole = Number.isInteger(DEFAULT_PRETRAINING[key]);
  if (typeof value === 'number' && value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'an integer' : 'a number';
  const message = `Setting "${key}" must be ${kind} from ${low} to ${high}, not ${JSON.stringify(value)}`;
  throw new TrainerError('train_config', message);
}

function unknown(key: string): TrainerError {
  const known = [...Object.keys(RANGES), ...Object.keys(DEFAULT_TRAIN_CONFIG)];
  const nearest = nearestName(key, known);
  const hint = nearest ? `did you mean "${nearest}"?` : `known are ${known.join(', ')}`;
  return new TrainerError('train_config', `Unknown setting "${key}"; ${hint}`);
}
