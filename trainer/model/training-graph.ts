// The graph of training: forward pass, loss, gradients and optimizer of one step, and K such steps, in an ONNX Loop or unrolled.
import { type DType, Graph, gradients, type Value } from '../graph/graph.js';
import { Loop } from '../graph/ops/control-flow.js';
import { Add, Mul, Neg, Sub } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast, Equal } from '../graph/ops/logic.js';
import { ReduceLogSumExp, ReduceSum } from '../graph/ops/reduce.js';
import { Concat, Squeeze, Unsqueeze } from '../graph/ops/shape.js';
import { globalNorm } from '../optimizers/clip.js';
import type { GradientTransformation, StateSpec } from '../optimizers/transformation.js';
import type { ModelConfig } from './config.js';
import type { ParameterSpec } from './parameters.js';
import {
  causalMask,
  decode,
  encode,
  type ParameterValues,
  paddingMask,
  parameterLookup,
  relativeBuckets,
} from './t5.js';
import { adapterScale, frozenSpecs, type TrainableModel, trainableSpecs } from './trainable.js';

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
  p: ParameterValues,
  config: ModelConfig,
  shape: BatchShape,
  dtype: FloatType,
): Value {
  const g = batch.inputIds.graph;
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
  const logits = p.linear(Squeeze(decoded, [1]), 'lm_head.weight');
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
  trainable: ParameterSpec[];
  frozen: ParameterSpec[];
  /** Optimizer state, in the order of the graph's `state.*` inputs. */
  stateSpecs: StateSpec[];
}

export interface TrainingGraphOptions {
  /** Optimizer steps in one run of the graph. */
  runSteps: number;
  /** Micro-batches whose gradients are added up for one step; `shape` is that of one of them. */
  accumulate: number;
  /**
   * `loop`: an ONNX Loop, one copy of the step for any number of them. `unrolled`: copies one after another, for providers
   * that run Loop on the host (WebGPU).
   */
  form: 'loop' | 'unrolled';
}

/** Numbers a batch or a step: a Loop's iteration, or an int32 constant where steps are unrolled. */
type Index = Value;

/**
 * K optimizer steps as one graph.
 * Inputs: `param.NAME` (trained), `frozen.NAME`, `state.NAME`, `first_step` (scalar, from 1), `learning_rate` [K], `input_ids`
 * [K, A, batch, length], `decoder_ids`, `targets` and `weights` [K, A, batch, steps]; the weights of the A micro-batches of a
 * step sum to 1. Outputs: `new.param.NAME`, `new.state.NAME`, `loss` [K], `gradient_norm` [K].
 */
export function trainingGraph(
  model: TrainableModel,
  shape: BatchShape,
  { runSteps, accumulate, form }: TrainingGraphOptions,
  optimizer: GradientTransformation,
): TrainingGraph {
  const dtype = 'float32';
  const g = new Graph('train');
  const trainable = trainableSpecs(model);
  const frozen = frozenSpecs(model);
  const stateSpecs = optimizer.init(trainable);
  const parameters = trainable.map((s) => g.input(`param.${s.name}`, dtype, s.shape));
  const fixed = frozen.map((s) => [s.name, g.input(`frozen.${s.name}`, dtype, s.shape)] as const);
  const state = stateSpecs.map((s) => g.input(`state.${s.name}`, dtype, s.shape));
  const firstStep = g.input('first_step', dtype, []);
  const learningRate = g.input('learning_rate', dtype, [runSteps]);
  const { batch, length, steps } = shape;
  const inputIds = g.input('input_ids', 'int32', [runSteps, accumulate, batch, length]);
  const decoderIds = g.input('decoder_ids', 'int32', [runSteps, accumulate, batch, steps]);
  const targets = g.input('targets', 'int32', [runSteps, accumulate, batch, steps]);
  const weights = g.input('weights', dtype, [runSteps, accumulate, batch, steps]);

  /** Loss of one micro-batch and its gradients. */
  const differentiate = (current: readonly Value[], step: Index, micro: Index): Value[] => {
    const at = (all: Value) => Gather(Gather(all, step, 0), micro, 0);
    const values = new Map([...fixed, ...trainable.map((s, i) => [s.name, current[i]!] as const)]);
    const loss = digitLoss(
      { inputIds: at(inputIds), decoderIds: at(decoderIds), targets: at(targets), weights: at(weights) },
      parameterLookup(values, adapterScale(model)),
      model.config,
      shape,
      dtype,
    );
    return [loss, ...gradients(loss, current)];
  };
  const index = (i: number) => g.scalar('int32', i);
  const accumulated = (current: readonly Value[], step: Index): Value[] => {
    if (accumulate === 1) return differentiate(current, step, index(0));
    const sum = (a: readonly Value[], b: readonly Value[]) => a.map((value, i) => Add(value, b[i]!));
    if (form === 'unrolled') {
      const each = Array.from({ length: accumulate }, (_, micro) => differentiate(current, step, index(micro)));
      return each.reduce(sum);
    }
    // Zeros made of what the step reads, so that the inner loop stands inside of the outer one.
    const rate = Gather(learningRate, step, 0);
    const nothing = (like: Value) => Mul(like, like.graph.scalar(dtype, 0));
    return Loop(step.graph, accumulate, [nothing(rate), ...current.map(nothing)], (micro, ...sums) => ({
      carried: sum(sums, differentiate(current, step, micro)),
    })).carried;
  };
  const takeStep = (values: readonly Value[], step: Index) => {
    const current = values.slice(0, trainable.length);
    const [loss, ...gradient] = accumulated(current, step);
    const { updates, state: nextState } = optimizer.update(gradient, values.slice(trainable.length), {
      specs: trainable,
      parameters: current,
      step: Add(firstStep, Cast(step, dtype)),
      learningRate: Gather(learningRate, step, 0),
      dtype,
    });
    const next = current.map((value, i) => Add(value, updates[i]!));
    return { carried: [...next, ...nextState], scan: [loss!, globalNorm(gradient)] };
  };

  const { carried, scan } =
    form === 'loop'
      ? Loop(g, runSteps, [...parameters, ...state], (iteration, ...values) => takeStep(values, iteration))
      : unrolled([...parameters, ...state], runSteps, (values, i) => takeStep(values, index(i)));
  trainable.forEach((s, i) => g.output(carried[i]!, `new.param.${s.name}`));
  stateSpecs.forEach((s, i) => g.output(carried[trainable.length + i]!, `new.state.${s.name}`));
  g.output(scan[0]!, 'loss');
  g.output(scan[1]!, 'gradient_norm');
  return { graph: g, trainable, frozen, stateSpecs };
}

/** What Loop does, written out. */
function unrolled(
  values: readonly Value[],
  count: number,
  body: (values: readonly Value[], i: number) => { carried: Value[]; scan: Value[] },
): { carried: Value[]; scan: Value[] } {
  let carried = [...values];
  const scans: Value[][] = [];
  for (let i = 0; i < count; i++) {
    const result = body(carried, i);
    carried = result.carried;
    result.scan.forEach((value, s) => {
      scans[s] = [...(scans[s] ?? []), Unsqueeze(value, [0])];
    });
  }
  return { carried, scan: scans.map((each) => (each.length === 1 ? each[0]! : Concat(each, 0))) };
}
