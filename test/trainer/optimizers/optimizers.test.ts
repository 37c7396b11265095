// The registry: documented memory, options and their errors, and that every node has a kernel on a GPU.
import { describe, expect, it } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { type ParameterSpec, parameterSpecs, sizeOf } from '../../../trainer/model/parameters.js';
import {
  makeOptimizer,
  OPTIMIZER_DEFAULTS,
  OPTIMIZERS,
  type OptimizerName,
  stateBytes,
} from '../../../trainer/optimizers/optimizers.js';
import { DEFAULT_TRAIN_CONFIG } from '../../../trainer/train-config.js';
import { SPECS } from './kit.js';

const { beta1, beta2, epsilon, weight_decay, clip_norm } = DEFAULT_TRAIN_CONFIG;
const COMMON = { beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm };
const MODEL = parameterSpecs(DEFAULT_MODEL_CONFIG);

/** Floats that each optimizer keeps for a parameter, as docs/optimizers.md has it. */
const DOCUMENTED: Record<OptimizerName, (spec: ParameterSpec) => number> = {
  adamw: (spec) => 2 * sizeOf(spec),
  adafactor: ({ shape: [rows, columns] }) => (columns === undefined ? rows! : rows! + columns),
  muon: (spec) => (spec.kind === 'linear' && spec.name !== 'lm_head.weight' ? 1 : 2) * sizeOf(spec),
  grass(spec) {
    const [rows, columns] = spec.shape;
    if (columns === undefined || sizeOf(spec) < OPTIMIZER_DEFAULTS.grass.smallest) return 2 * sizeOf(spec);
    const { fraction, embeddingFraction } = OPTIMIZER_DEFAULTS.grass;
    return Math.round(rows! * (spec.kind === 'embedding' ? embeddingFraction : fraction)) * columns + rows! + columns;
  },
};

describe('the optimizers', () => {
  it.each(OPTIMIZERS)('%s keeps as much as the documentation says', (name) => {
    for (const specs of [MODEL, SPECS, ...MODEL.map((spec) => [spec])]) {
      const floats = specs.reduce((sum, spec) => sum + DOCUMENTED[name](spec), 0);
      expect(stateBytes(name, specs)).toBe(4 * floats);
    }
  });

  it('Adafactor keeps a first moment, and Grass the rows it selected, where asked to', () => {
    const floats = MODEL.reduce((sum, spec) => sum + sizeOf(spec), 0);
    expect(stateBytes('adafactor', MODEL, { firstMoment: 0.9 }) - stateBytes('adafactor', MODEL)).toBe(4 * floats);
    const matrix: ParameterSpec[] = [{ name: 'w', shape: [64, 32], kind: 'linear', initialStd: 1 }];
    expect(stateBytes('grass', matrix, { selection: 'norm' }) - stateBytes('grass', matrix)).toBe(4 * 32);
  });

  it("Grass keeps at most a quarter of AdamW's state for the default model", () => {
    expect(stateBytes('grass', MODEL) / stateBytes('adamw', MODEL)).toBeLessThan(0.25);
  });

  it('names the nearest known name where one is unknown', () => {
    expect(() => makeOptimizer('adamv' as 'adamw', COMMON)).toThrow('Unknown optimizer "adamv"; did you mean "adamw"?');
    expect(() => makeOptimizer('muon', COMMON, { momentun: 0.9 } as object)).toThrow('did you mean "momentum"?');
    expect(() => makeOptimizer('adamw', COMMON, { momentum: 0.9 } as object)).toThrow('known are none');
  });

  /** Operators with a kernel of ONNX Runtime's WebGPU provider for floats and int32. */
  const ON_GPU = new Set(
    'Add Sub Mul Div Pow Sqrt Floor Max Where Less GreaterOrEqual Cast MatMul Transpose ReduceMean ReduceSumSquare TopK Gather ScatterElements Concat'.split(
      ' ',
    ),
  );
  /** Which of their inputs may be int64: indices, and the lists that ONNX wants as inputs. */
  const INT64_INPUTS: Record<string, number> = { Gather: 1, ReduceMean: 1, ReduceSumSquare: 1, TopK: 1 };

  it.each([
    ...OPTIMIZERS.map((name) => [name, {}] as const),
    ['grass', { selection: 'norm' as const }] as const,
    ['adafactor', { relativeStep: true, firstMoment: 0.9 }] as const,
  ])('%s %o computes nothing that WebGPU would hand to the CPU', (name, own) => {
    const optimizer = makeOptimizer(name, COMMON, own);
    const g = new Graph('step');
    const input = (prefix: string) => (s: { name: string; shape: readonly number[] }) =>
      g.input(`${prefix}.${s.name}`, 'float32', s.shape);
    optimizer.update(MODEL.map(input('g')), optimizer.init(MODEL).map(input('s')), {
      specs: MODEL,
      parameters: MODEL.map(input('w')),
      step: g.input('step', 'float32', []),
      learningRate: g.input('rate', 'float32', []),
      dtype: 'float32',
    });
    expect(g.nodes.length).toBeGreaterThan(100);
    for (const node of g.nodes) {
      expect([...ON_GPU]).toContain(node.onnxType);
      node.inputs.forEach((value, at) => {
        if (value.dtype === 'int64') expect(INT64_INPUTS[node.onnxType], `${node.onnxType}, input ${at}`).toBe(at);
      });
    }
  });
});
