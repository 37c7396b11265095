// How large bench:omnipred is: `full` fills about an hour of two cores, `small` shows in minutes that every part runs.
import type { Json } from '../../trainer/types.js';

export interface Budget {
  dimension: number;
  /** Trials a study to learn from, to choose the length of a training by, and to be judged on. */
  training: number;
  validation: number;
  test: number;
  /** Numbers of training studies, ascending; the first is the single-task model of each test study. */
  studies: readonly number[];
  /** Test studies: the first ones of every corpus. */
  tests: number;
  /** Steps of a plain model on many studies: the most that any model may take. */
  steps: number;
  /** Of a model that sees evidence. */
  evidenceSteps: number;
  names: { studies: number; steps: number };
  digits: { studies: number; steps: number };
  noise: { studies: number; steps: number };
  /** New studies, their numbers of trials, and the lengths among which validation chooses. */
  fineTuning: { studies: number; trials: readonly number[]; steps: readonly number[] };
  /** Shape of every model, and how it is trained. */
  config: Record<string, Json>;
}

export const BUDGETS: Readonly<Record<'small' | 'full', Budget>> = {
  small: {
    dimension: 2,
    training: 60,
    validation: 20,
    test: 30,
    studies: [1, 5, 20],
    tests: 2,
    steps: 120,
    evidenceSteps: 20,
    names: { studies: 10, steps: 100 },
    digits: { studies: 5, steps: 100 },
    noise: { studies: 5, steps: 100 },
    fineTuning: { studies: 1, trials: [5, 50], steps: [20] },
    config: shape(32),
  },
  full: {
    dimension: 2,
    training: 200,
    validation: 40,
    test: 100,
    studies: [1, 10, 100, 1000],
    tests: 5,
    steps: 16000,
    evidenceSteps: 600,
    names: { studies: 100, steps: 4000 },
    digits: { studies: 100, steps: 4000 },
    noise: { studies: 100, steps: 4000 },
    fineTuning: { studies: 5, trials: [5, 20, 50, 200], steps: [40, 160] },
    config: shape(64),
  },
};

/** One small shape for every model, so that an hour is tens of thousands of steps. */
function shape(d_model: number): Record<string, Json> {
  return {
    batch_size: 64,
    learning_rate: 1e-3,
    place_decay: 0.5,
    d_model,
    d_kv: 16,
    num_heads: 4,
    d_ff: 2 * d_model,
    max_prompt: 256,
    max_metadata: 64,
  };
}
