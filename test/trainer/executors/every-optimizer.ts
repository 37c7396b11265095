// Every optimizer that a training can name, for tests that go over all of them.
import { adafactor } from '../../../trainer/optimizers/adafactor.js';
import { adamW } from '../../../trainer/optimizers/adamw.js';
import { muon } from '../../../trainer/optimizers/muon.js';
import type { GradientTransformation } from '../../../trainer/optimizers/transformation.js';

const adam = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
const factored = { decayExponent: 0.8, squareFloor: 1e-30, clipThreshold: 1, parameterFloor: 1e-3 };

export const optimizers = {
  adamw: adamW(adam),
  adafactor: adafactor({ ...factored, relativeStep: true, firstMoment: 0.9, weightDecay: 0.01, clipNorm: 1 }),
  muon: muon({ ...adam, momentum: 0.95, iterations: 5, matrixScale: 1 }),
} satisfies Record<string, GradientTransformation>;

export type OptimizerName = keyof typeof optimizers;
