// Smaller weights: what they lose, that stock tools read them, and that they are offered only where they answer as well.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../../tokenizer/absolute-codec.js';
import { packageFile } from '../../../tokenizer/package-root.js';
import { NUMBER_BEGIN, NUMBER_END } from '../../../tokenizer/vocabulary.js';
import { sessionOptions } from '../../../trainer/devices/device.js';
import { Graph } from '../../../trainer/graph/graph.js';
import { QuantizedMatMul } from '../../../trainer/graph/ops/quantize.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import {
  type ExportReports,
  measureExports,
  offeredPrecisions,
  requireOffered,
} from '../../../trainer/hugging-face/measured-exports.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { Inference } from '../../../trainer/model/inference.js';
import { initialWeights } from '../../../trainer/model/parameters.js';
import { PRECISIONS, quantize } from '../../../trainer/model/precision.js';
import { encoderGraph, type ServedModel } from '../../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../../trainer/model/t5.js';
import { saveModel } from '../../../trainer/model-directory.js';
import { Random } from '../../../trainer/random.js';
import { webgpuIsThere } from '../../require-webgpu.js';
import { runOnce } from '../graph/kit.js';
import { type Dtype, loadStock, temporaryFolder } from './kit.js';

const random = new Random(31);
const normals = (size: number) => Float32Array.from({ length: size }, () => random.normal());

describe('int8', () => {
  const [rows, columns] = [24, 10];
  const weight = normals(rows * columns).map((v, i) => v * 10 ** ((i % columns) - 5));

  it.each(['row', 'column'] as const)('stores each %s to half a step of its largest value', (axis) => {
    const { values, scales } = quantize(weight, rows, columns, axis, 127);
    weight.forEach((value, i) => {
      const scale = scales[axis === 'row' ? Math.floor(i / columns) : i % columns]!;
      expect(Math.abs(value - values[i]! * scale)).toBeLessThanOrEqual(scale * 0.5001);
    });
    const zeros = quantize(new Float32Array(4), 2, 2, axis, 127);
    expect([...zeros.values, ...zeros.scales]).toEqual([0, 0, 0, 0, 1, 1]);
  });

  it('multiplies as its two roundings say', async () => {
    const { values, scales } = quantize(weight, rows, columns, 'column', 64);
    const x = normals(3 * rows);
    const g = new Graph();
    const y = QuantizedMatMul(
      g.input('x', 'float32', ['n', rows]),
      g.initializer('w', 'int8', [rows, columns], values),
      g.initializer('s', 'float32', [columns], scales),
    );
    g.output(y, 'y');
    const got = (await runOnce(g, { x: { data: x, dims: [3, rows] } })).y!.data as Float32Array;
    // ONNX's definition of DynamicQuantizeLinear: 0..255 over the range of x, which is widened to hold 0.
    const low = Math.min(0, ...x);
    const step = (Math.max(0, ...x) - low) / 255;
    const zero = Math.round(-low / step);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < rows; k++) {
          const rounded = Math.min(255, Math.max(0, Math.round(x[i * rows + k]! / step) + zero)) - zero;
          sum += rounded * values[k * columns + j]!;
        }
        const expected = sum * step * scales[j]!;
        expect(Math.abs(got[i * columns + j]! - expected)).toBeLessThan(1e-4 * scales[j]! * 64 * rows);
      }
    }
  });
});

describe('a model in smaller precisions', () => {
  const config = { ...DEFAULT_MODEL_CONFIG, d_model: 64, d_kv: 16, d_ff: 96 };
  const weights = initialWeights(config, 5);
  let directory: string;
  const length = 40;
  const prompt = Array.from({ length }, () => 1 + random.integer(config.vocab_size - 1));

  beforeAll(async () => {
    directory = join(await temporaryFolder(), 'model');
    const tokenizerJson = await readFile(packageFile('tokenizer', 'tokenizer.json'), 'utf8');
    const limits = { serialization_version: 2, max_prompt: 64, max_metadata: 16 };
    const card = { ...limits, calibration_scores: [], metrics: {}, training: {} };
    await saveModel(directory, { config, weights, tokenizerJson, history: [], card }, PRECISIONS);
  });

  async function stockLogits(dtype: Dtype): Promise<number[]> {
    const { model, Tensor } = await loadStock(directory, dtype);
    const tensor = (row: number[]) => new Tensor('int64', BigInt64Array.from(row, BigInt), [1, row.length]);
    const { logits } = await model({
      input_ids: tensor(prompt),
      attention_mask: tensor(prompt.map(() => 1)),
      decoder_input_ids: tensor([0, 5, 40]),
    });
    return Array.from((logits.data as Float32Array).subarray(NUMBER_BEGIN, NUMBER_END));
  }

  it('loads in stock transformers.js as fp16 and q8, close to fp32', async () => {
    const exact = await stockLogits('fp32');
    const rms = Math.sqrt(exact.reduce((s, v) => s + v * v, 0) / exact.length);
    const worst = async (dtype: Dtype) =>
      Math.max(...(await stockLogits(dtype)).map((v, i) => Math.abs(v - exact[i]!))) / rms;
    expect(await worst('fp16')).toBeLessThan(0.01);
    const int8 = await worst('q8');
    expect(int8).toBeLessThan(0.2);
    expect(int8).toBeGreaterThan(1e-5);
  });

  it('takes half and about a quarter of the space', async () => {
    const size = async (suffix: string) => {
      const files = ['encoder_model', 'decoder_model_merged'].map((f) => join(directory, 'onnx', `${f}${suffix}.onnx`));
      return (await Promise.all(files.map((f) => stat(f)))).reduce((sum, s) => sum + s.size, 0);
    };
    const whole = await size('');
    expect((await size('_fp16')) / whole).toBeLessThan(0.56);
    expect((await size('_quantized')) / whole).toBeLessThan(0.36);
  });

  it('answers in our own serving, close to float32', async () => {
    const chances: number[] = [];
    for (const precision of PRECISIONS) {
      const inference = new Inference({ config, weights, precision }, 1);
      const [distribution] = await inference.distributions([prompt], [new AbsoluteCodec()]);
      await inference.release();
      chances.push(distribution!.pInfeasible);
    }
    expect(chances[1]! / chances[0]!).toBeCloseTo(1, 2);
    expect(chances[2]! / chances[0]!).toBeCloseTo(1, 0);
    expect(chances[2]).not.toBe(chances[0]);
  });
});

describe.skipIf(!(await webgpuIsThere()))('float16 on WebGPU', () => {
  it('encodes as on the CPU, with no node left to it', async () => {
    const config = { ...DEFAULT_MODEL_CONFIG, d_model: 64, d_kv: 16, d_ff: 96 };
    const model: ServedModel = { config, weights: initialWeights(config, 5), precision: 'float16' };
    const length = 40;
    const ids = Int32Array.from({ length }, (_, i) => 1 + ((i * 37) % 2000));
    const feeds = {
      input_ids: { data: ids, dims: [1, length] },
      buckets: { data: relativeBuckets(length, true, config), dims: [length, length] },
    };
    const [cpu, webgpu] = await Promise.all(
      (['cpu', 'webgpu'] as const).map(async (device) => {
        const session = await OrtSession.create(encoderGraph(model), sessionOptions(device, 1));
        const { states } = await session.run(feeds);
        await session.release();
        return states!.data as Float32Array;
      }),
    );
    const worst = cpu!.reduce((most, value, i) => Math.max(most, Math.abs(value - webgpu![i]!)), 0);
    expect(worst).toBeLessThan(1e-4);
  });
});

describe('a precision is offered', () => {
  const float32 = { score: 2, error: 0.5 };
  const reportsOf = (measured: { score: number; error: number } | undefined) =>
    measureExports(float32, async () => measured);

  it('where score and error stay within 1% of float32', async () => {
    const reports = await reportsOf({ score: 2.0199, error: 0.49 });
    expect(offeredPrecisions(reports)).toEqual(['float16', 'int8']);
    expect(reports.int8).toMatchObject({ validation_score: 2.0199, reason: expect.stringMatching(/^Within 1%/) });
    expect(() => requireOffered(reports, 'int8', 'm')).not.toThrow();
  });

  it.each([[{ score: 2.03, error: 0.5 }], [{ score: 2, error: 0.506 }], [{ score: Number.NaN, error: 0.5 }]])(
    'not with %o, and says why',
    async (measured) => {
      const reports = await reportsOf(measured);
      expect(offeredPrecisions(reports)).toEqual([]);
      expect(() => requireOffered(reports, 'float16', 'm')).toThrow(
        /m is not offered in float16. Beyond 1% of float32/,
      );
    },
  );

  it('in int8 on the CPU alone', async () => {
    const reports = await reportsOf(float32);
    expect(() => requireOffered(reports, 'int8', 'm', 'webgpu')).toThrow(/int8 runs on the CPU alone, not on webgpu/);
    expect(() => requireOffered(reports, 'float16', 'm', 'webgpu')).not.toThrow();
  });

  it('not where nothing was held back, nor in a model that was never measured', async () => {
    const reports: ExportReports = await measureExports(undefined, () => Promise.reject(new Error('not to be asked')));
    expect(reports.int8).toMatchObject({ offered: false, reason: expect.stringMatching(/No trials were held back/) });
    expect(() => requireOffered(undefined, 'int8', 'm')).toThrow(/not measured/);
    expect(() => requireOffered(undefined, 'float32', 'm')).not.toThrow();
  });
});
