// The optimizers by name: options, defaults, and what they keep in memory.
import { TrainerError } from '../errors.js';
import type { ParameterSpec } from '../model/parameters.js';
import { nearestName } from '../nearest.js';
import { type AdafactorOptions, adafactor } from './adafactor.js';
import { type AdamWOptions, adamW } from './adamw.js';
import { type GrassOptions, grass } from './grass.js';
import { type MuonOptions, muon } from './muon.js';
import type { GradientTransformation } from './transformation.js';

export const OPTIMIZERS = ['adamw', 'adafactor', 'muon', 'grass'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** What an optimizer has beside AdamW's options, which a training configuration sets for all of them. */
export interface OptimizerOptions {
  adamw: Record<never, never>;
  adafactor: Omit<AdafactorOptions, keyof AdamWOptions>;
  muon: Omit<MuonOptions, keyof AdamWOptions>;
  grass: Omit<GrassOptions, keyof AdamWOptions>;
}

/**
 * `learningRateScale` is each one's best peak as a multiple of AdamW's, measured on the demo's data (docs/optimizers.md): a
 * configuration's learning rate means AdamW's, so that another optimizer is a change of one word.
 */
export const OPTIMIZER_DEFAULTS: Readonly<OptimizerOptions> = {
  adamw: {},
  adafactor: {
    decayExponent: 0.8,
    squareFloor: 1e-30,
    clipThreshold: 1,
    relativeStep: false,
    parameterFloor: 1e-3,
    firstMoment: 0,
    learningRateScale: 1,
  },
  muon: { momentum: 0.95, iterations: 5, matrixScale: 1, learningRateScale: 2 },
  grass: {
    fraction: 0.5,
    embeddingFraction: 0.25,
    period: 5,
    selection: 'cyclic',
    smallest: 1024,
    learningRateScale: 2,
  },
};

const FACTORIES: { [N in OptimizerName]: (options: AdamWOptions & OptimizerOptions[N]) => GradientTransformation } = {
  adamw: adamW,
  adafactor,
  muon,
  grass,
};

/**
 * The optimizer called `name`. `common` are AdamW's options; Adafactor takes no more of them than decay and clipping. `own`
 * overrides its OPTIMIZER_DEFAULTS.
 *
 * @throws TrainerError `train_config` for an unknown name or option, with the nearest known one
 */
export function makeOptimizer<N extends OptimizerName>(
  name: N,
  common: AdamWOptions,
  own: Partial<OptimizerOptions[N]> = {},
): GradientTransformation {
  if (!OPTIMIZERS.includes(name)) throw unknown('optimizer', name, OPTIMIZERS);
  const defaults = OPTIMIZER_DEFAULTS[name];
  for (const key of Object.keys(own)) {
    if (!Object.hasOwn(defaults, key)) throw unknown(`option of ${name}`, key, Object.keys(defaults));
  }
  return FACTORIES[name]({ ...common, ...defaults, ...own });
}

/** Bytes of float32 state that the optimizer keeps between steps for these parameters; docs/optimizers.md has the formulas. */
export function stateBytes<N extends OptimizerName>(
  name: N,
  specs: readonly ParameterSpec[],
  own: Partial<OptimizerOptions[N]> = {},
): number {
  // What is kept does not depend on the options that all share.
  const common = { beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0, clipNorm: 1 };
  const sizes = makeOptimizer(name, common, own).init(specs);
  return sizes.reduce((sum, s) => sum + Float32Array.BYTES_PER_ELEMENT * s.shape.reduce((a, b) => a * b, 1), 0);
}

function unknown(what: string, name: string, known: readonly string[]): TrainerError {
  const nearest = nearestName(name, known);
  const hint = nearest ? `did you mean "${nearest}"?` : `known are ${known.join(', ') || 'none'}`;
  return new TrainerError('train_config', `Unknown ${what} "${name}"; ${hint}`);
}
