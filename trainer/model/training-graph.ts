// The graph of training: forward pass, loss, gradients and optimizer of one step, and K such steps in an ONNX Loop.
import { type DType, Graph, gradients, type Value } from '../graph/graph.js';
import { Loop } from '../graph/ops/control-flow.js';
import { Add, Mul, Neg, Sub } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast, Equal } from '../graph/ops/logic.js';
import { MatMul } from '../graph/ops/matmul.js';
import { ReduceLogSumExp, ReduceSum } from '../graph/ops/reduce.js';
import { Squeeze, Unsqueeze } from '../graph/ops/shape.js';
import { globalNorm } from '../optimizers/clip.js';
import type { GradientTransformation, StateSpec } from '../optimizers/transformation.js';
import type { ModelConfig } from './config.js';
import { parameterSpecs } from './parameters.js';
import { causalMask, decode, encode, paddingMask, parameterLookup, relativeBuckets } from './t5.js';

export interface BatchShape {
  /** Examples in a batch. */
  batch: number;
  /** Encoder tokens an example, padding included. */
  length: number;
  /** Decoder positions. */
  steps: number;
}

export type FloatType = Extract<DType, 'float32' | 'float64'>;

export interface BatchValues {
  /** int32 [batch, length]. */
  inputIds: Value;
  /** Right-shifted targets, int32 [batch, steps]. */
  decoderIds: Value;
  /** What is to be written, int32 [batch, steps], counted from the first number token. */
  targets: Value;
  /** Loss weight of each position, [batch, steps]; the weights of a batch sum to 1. */
  weights: Value;
}

/** Place-weighted cross-entropy of the digits, in nats, a scalar: Σ w · −log p(target). */
export function digitLoss(
  batch: BatchValues,
  parameters: ReadonlyMap<string, Value>,
  config: ModelConfig,
  shape: BatchShape,
  dtype: FloatType,
): Value {
  const g = batch.inputIds.graph;
  const p = parameterLookup(parameters);
  const mask = paddingMask(batch.inputIds, { dtype });
  const encoderBuckets = relativeBuckets(shape.length, true, config);
  const states = encode(
    { ids: batch.inputIds, mask, buckets: g.constant('int32', [shape.length, shape.length], encoderBuckets) },
    p,
    config,
  );
  const causal = causalMask(shape.steps);
  const decoded = decode(
    {
      ids: Unsqueeze(batch.decoderIds, [1]),
      steps: shape.steps,
      buckets: g.constant('int32', [shape.steps, shape.steps], relativeBuckets(shape.steps, false, config)),
      causalMask: g.constant(
        dtype,
        [shape.steps, shape.steps],
        dtype === 'float32' ? causal : Float64Array.from(causal),
      ),
      encoderStates: states,
      encoderMask: mask,
    },
    p,
    config,
  );
  const logits = MatMul(Squeeze(decoded, [1]), p('lm_head.weight'));
  const logProbabilities = Sub(logits, ReduceLogSumExp(logits, { axes: [2], keepdims: true }));
  const tokens = config.number_token_end - config.number_token_begin;
  const ids = g.constant(
    'int32',
    [tokens],
    Int32Array.from({ length: tokens }, (_, i) => i),
  );
  const oneHot = Cast(Equal(Unsqueeze(batch.targets, [2]), ids), dtype);
  const weighted = Mul(oneHot, Unsqueeze(batch.weights, [2]));
  return Neg(ReduceSum(Mul(weighted, logProbabilities), { keepdims: false }));
}

export interface TrainingGraph {
  graph: Graph;
  /** Optimizer state, in the order of the graph's `state.*` inputs. */
  stateSpecs: StateSpec[];
}

/**
 * K optimizer steps as one graph.
 * Inputs: `param.NAME`, `state.NAME`, `first_step` (scalar, from 1), `learning_rate` [K], `input_ids` [K, batch, length],
 * `decoder_ids`, `targets` and `weights` [K, batch, steps]. Outputs: `new.param.NAME`, `new.state.NAME`, `loss` [K],
 * `gradient_norm` [K].
 */
export function trainingGraph(
  config: ModelConfig,
  shape: BatchShape,
  runSteps: number,
  optimizer: GradientTransformation,
): TrainingGraph {
  const dtype = 'float32';
  const g = new Graph('train');
  const specs = parameterSpecs(config);
  const stateSpecs = optimizer.init(specs);
  const parameters = specs.map((s) => g.input(`param.${s.name}`, dtype, s.shape));
  const state = stateSpecs.map((s) => g.input(`state.${s.name}`, dtype, s.shape));
  const firstStep = g.input('first_step', dtype, []);
  const learningRate = g.input('learning_rate', dtype, [runSteps]);
  const { batch, length, steps } = shape;
  const inputIds = g.input('input_ids', 'int32', [runSteps, batch, length]);
  const decoderIds = g.input('decoder_ids', 'int32', [runSteps, batch, steps]);
  const targets = g.input('targets', 'int32', [runSteps, batch, steps]);
  const weights = g.input('weights', dtype, [runSteps, batch, steps]);

  const { carried, scan } = Loop(g, runSteps, [...parameters, ...state], (iteration, ...values) => {
    const current = values.slice(0, specs.length);
    const at = (all: Value) => Gather(all, iteration, 0);
    const loss = digitLoss(
      { inputIds: at(inputIds), decoderIds: at(decoderIds), targets: at(targets), weights: at(weights) },
      new Map(specs.map((s, i) => [s.name, current[i]!])),
      config,
      shape,
      dtype,
    );
    const gradient = gradients(loss, current);
    const { updates, state: nextState } = optimizer.update(gradient, values.slice(specs.length), {
      specs,
      parameters: current,
      step: Add(firstStep, Cast(iteration, dtype)),
      learningRate: at(learningRate),
      dtype,
    });
    const next = current.map((value, i) => Add(value, updates[i]!));
    return { carried: [...next, ...nextState], scan: [loss, globalNorm(gradient)] };
  });
  specs.forEach((s, i) => g.output(carried[i]!, `new.param.${s.name}`));
  stateSpecs.forEach((s, i) => g.output(carried[specs.length + i]!, `new.state.${s.name}`));
  g.output(scan[0]!, 'loss');
  g.output(scan[1]!, 'gradient_norm');
  return { graph: g, stateSpecs };
}
