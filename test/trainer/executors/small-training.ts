// A small model with random batches, for tests of executors.
import type { StackedBatches } from '../../../trainer/executors/executor.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import type { TrainableModel } from '../../../trainer/model/trainable.js';
import { adamW } from '../../../trainer/optimizers/adamw.js';
import { Random } from '../../../trainer/random.js';

export const smallModel: TrainableModel = {
  config: {
    ...DEFAULT_MODEL_CONFIG,
    vocab_size: 40,
    d_model: 16,
    d_kv: 6,
    num_heads: 2,
    d_ff: 20,
    number_token_begin: 3,
    number_token_end: 17,
  },
};

export const smallOptimizer = adamW({ beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 });

const LENGTH = 12;
const STEPS = 4;

/** Random ids, prompts padded to different lengths; the weights of a step's batch sum to 1. */
export function smallBatches(runSteps: number, batch: number, seed: number): StackedBatches {
  const random = new Random(seed);
  const { vocab_size, number_token_begin, number_token_end } = smallModel.config;
  const tokens = number_token_end - number_token_begin;
  const examples = runSteps * batch;
  const inputIds = new Int32Array(examples * LENGTH);
  for (let example = 0; example < examples; example++) {
    const length = 3 + random.integer(LENGTH - 2);
    for (let i = 0; i < length; i++) inputIds[example * LENGTH + i] = 1 + random.integer(vocab_size - 1);
  }
  const targets = Int32Array.from({ length: examples * STEPS }, () => random.integer(tokens));
  const decoderIds = targets.map((_, i) => (i % STEPS === 0 ? 0 : targets[i - 1]! + number_token_begin));
  const weights = new Float32Array(examples * STEPS).fill(1 / (batch * STEPS));
  return { shape: { batch, length: LENGTH, steps: STEPS }, runSteps, inputIds, decoderIds, targets, weights };
}
