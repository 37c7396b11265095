// Hyperparameters: defaults, and what is said of those that do not fit.
import { describe, expect, it } from 'vitest';
import { DEFAULT_TRAIN_CONFIG, resolveTrainConfig } from '../../trainer/train-config.js';
import type { Json } from '../../trainer/types.js';

describe('resolveTrainConfig', () => {
  it('fills in defaults, whole runs and the machine’s threads', () => {
    const config = resolveTrainConfig({ steps: 41, run_steps: 20 });
    expect(config).toMatchObject({ ...DEFAULT_TRAIN_CONFIG, steps: 60, threads: config.threads });
    expect(config.threads).toBeGreaterThan(0);
  });

  it.each<[Record<string, Json>, string]>([
    [{ steps: 0 }, 'Hyperparameter "steps" must be an integer from 1 to 10000000, not 0'],
    [{ steps: 1.5 }, 'Hyperparameter "steps" must be an integer from 1 to 10000000, not 1.5'],
    [{ beta2: 'high' }, 'Hyperparameter "beta2" must be a number from 0 to 0.99999, not "high"'],
    [{ device: 'gpu' }, 'Hyperparameter "device" must be one of auto, cpu, webgpu, cuda, not "gpu"'],
    [{ optimizer: 'adam' }, 'Hyperparameter "optimizer" must be one of adamw, adafactor, muon, grass, not "adam"'],
    [{ device: 1 }, 'Hyperparameter "device" must be one of auto, cpu, webgpu, cuda, not 1'],
    [{ lora_targets: ['q', 'x'] }, 'Hyperparameter "lora_targets" must be a list of some of q, k, v, o, wi_0'],
    [{ lora_targets: [] }, 'Hyperparameter "lora_targets" must be a list of some of'],
    [{ lora_targets: 'q' }, 'Hyperparameter "lora_targets" must be a list of some of'],
    [{ setps: 1 }, 'Unknown hyperparameter "setps"; did you mean "steps"?'],
    [
      { batch_size: 32, accumulate: 5 },
      'Hyperparameter "accumulate" must divide batch_size (32) evenly, and 5 does not',
    ],
  ])('refuses %j', (overrides, message) => {
    expect(() => resolveTrainConfig(overrides)).toThrow(message);
  });
});
