// An independent training in plain float64 loops: place-weighted cross-entropy, clipping by the global norm, AdamW and the
// warm-up with cosine, as published. Shares no code with trainer/ but the parameters' names and shapes.
import type { ModelConfig } from '../../../trainer/model/config.js';
import type { ParameterSpec } from '../../../trainer/model/parameters.js';
import { PlainT5, plainParameters } from './plain-t5.js';
import { type Matrix, Tape } from './plain-tape.js';

export interface PlainExample {
  inputIds: readonly number[];
  decoderIds: readonly number[];
  /** Counted from the first number token. */
  targets: readonly number[];
  weights: readonly number[];
}

export interface PlainOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  clipNorm: number;
}

/** Learning rate of step t (from 0): linear to the peak, then half a cosine to a fraction of it. */
export function plainRate(t: number, peak: number, warmup: number, steps: number, fraction: number): number {
  if (t < warmup) return (peak * (t + 1)) / warmup;
  const cosine = Math.cos((Math.PI * (t - warmup)) / (steps - warmup));
  const lowest = peak * fraction;
  return lowest + ((peak - lowest) * (1 + cosine)) / 2;
}

export class PlainTraining {
  readonly parameters: ReadonlyMap<string, Matrix>;
  private readonly model: PlainT5;
  private readonly moments = new Map<string, { m: Float64Array; v: Float64Array }>();
  private step = 0;

  constructor(
    config: ModelConfig,
    private readonly specs: readonly ParameterSpec[],
    weights: ReadonlyMap<string, ArrayLike<number>>,
    private readonly options: PlainOptions,
  ) {
    this.parameters = plainParameters(specs, weights);
    this.model = new PlainT5(config, this.parameters);
    for (const [name, { data }] of this.parameters) {
      this.moments.set(name, { m: new Float64Array(data.length), v: new Float64Array(data.length) });
    }
  }

  /** One step; the loss (nats) and the norm of all gradients together, both before the step. */
  take(batch: readonly PlainExample[], learningRate: number): { loss: number; gradientNorm: number } {
    for (const { gradient } of this.parameters.values()) gradient.fill(0);
    let loss = 0;
    for (const { inputIds, decoderIds, targets, weights } of batch) {
      const tape = new Tape();
      const logs = this.model.logProbabilities(inputIds, decoderIds, tape);
      targets.forEach((target, place) => {
        const at = place * logs.columns + target;
        loss -= weights[place]! * logs.data[at]!;
        logs.gradient[at]! -= weights[place]!;
      });
      tape.backward();
    }
    let square = 0;
    for (const { gradient } of this.parameters.values()) for (const g of gradient) square += g * g;
    const gradientNorm = Math.sqrt(square);
    this.descend(learningRate, Math.min(1, this.options.clipNorm / gradientNorm));
    return { loss, gradientNorm };
  }

  /** Kingma and Ba's algorithm 1 with Loshchilov and Hutter's decay, on matrices only. */
  private descend(learningRate: number, shrink: number): void {
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    this.step++;
    for (const { name, kind } of this.specs) {
      const { data, gradient } = this.parameters.get(name)!;
      const { m, v } = this.moments.get(name)!;
      const decay = kind === 'linear' ? weightDecay : 0;
      for (let i = 0; i < data.length; i++) {
        const g = gradient[i]! * shrink;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        const mean = m[i]! / (1 - beta1 ** this.step);
        const spread = Math.sqrt(v[i]! / (1 - beta2 ** this.step));
        data[i]! -= learningRate * (mean / (spread + epsilon) + decay * data[i]!);
      }
    }
  }
}
