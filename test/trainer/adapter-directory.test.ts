// Adapters from training to prediction: small files beside an untouched base, swapped without reading the base again.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DerivedFiles } from '../../service/prediction/derived-files.js';
import { LoadedModels } from '../../service/prediction/loaded-models.js';
import { openModel } from '../../trainer/adapter-directory.js';
import { Inference } from '../../trainer/model/inference.js';
import { mergeAdapter } from '../../trainer/model/lora.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { train } from '../../trainer/train.js';
import type { Json, StudyData, TrainResult } from '../../trainer/types.js';
import { TINY_TRAINING } from '../tiny-training.js';

let folder: string;
const at = (name: string) => join(folder, name);
const study = (id: string, slope: number): StudyData => ({
  id,
  metadata: { title: id },
  objective: { name: 'y' },
  trials: Array.from({ length: 30 }, (_, i) => ({ x: { i: i / 7 }, y: slope * i + (i % 3) })),
});
const LORA = { lora_rank: 2, lora_alpha: 4, learning_rate: 0.02, steps: 40, validation: 0 };

function run(name: string, studies: StudyData[], config: Record<string, Json>, parent?: string): Promise<TrainResult> {
  const parentDir = parent === undefined ? {} : { parentDir: at(parent) };
  const dirs = { outDir: at(name), workDir: at(`${name}-work`) };
  return train({ studies, ...dirs, ...parentDir, config: { ...TINY_TRAINING, ...config } });
}

async function median(predictor: Predictor, asked: StudyData): Promise<number[]> {
  const queries = [0.3, 1.9, 3.3].map((i) => ({ i }));
  const { predictions } = await predictor.predict({ study: asked, queries, levels: [0.9], includeExperts: false });
  return predictions.map((p) => p.mean);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omnireg-adapter-'));
  await run('base', [study('a', 1), study('b', -2)], { steps: 10 });
  await run('up', [study('c', 3)], { ...LORA, seed: 1 }, 'base');
  await run('down', [study('d', -3)], { ...LORA, seed: 2 }, 'base');
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an adapter', () => {
  it('is a small folder in PEFT’s layout, and its base stays as it was', async () => {
    expect((await readdir(at('up'))).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'history.json',
      'omnireg.json',
    ]);
    const { size } = await stat(join(at('up'), 'adapter_model.safetensors'));
    expect(size).toBeLessThan((await stat(join(at('base'), 'model.safetensors'))).size / 2);
    const config = JSON.parse(await readFile(join(at('up'), 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 4, base_model_name_or_path: '../base' });
  });

  it('answers as the merged weights do, and unlike its base', async () => {
    const model = await openModel(at('up'));
    const asked = study('c', 3);
    const beside = await Predictor.load(at('up'));
    const base = await Predictor.load(at('base'));
    const weights = mergeAdapter(model.weights, model.config, model.adapter!.lora, model.adapter!.weights);
    const { adapter: _, ...whole } = { ...model, weights };
    const inference = new Inference(whole, 1);
    const merged = new Predictor(whole, inference);
    const answer = await median(beside, asked);
    (await median(merged, asked)).forEach((value, i) => expect(value / answer[i]!).toBeCloseTo(1, 4));
    (await median(base, asked)).forEach((value, i) => expect(Math.abs(value / answer[i]! - 1)).toBeGreaterThan(1e-6));
    await Promise.all([beside.release(), base.release(), inference.release()]);
  });

  it('is swapped without its base being read again', async () => {
    const models = new LoadedModels(1, 1, 'cpu', new DerivedFiles(at('cache')));
    const ask = (name: string, asked: StudyData) => models.use(at(name), (predictor) => median(predictor, asked));
    const expected = new Map<string, number[]>();
    for (const [name, asked] of [
      ['up', study('c', 3)],
      ['down', study('d', -3)],
    ] as const) {
      const predictor = await Predictor.load(at(name));
      expected.set(name, await median(predictor, asked));
      await predictor.release();
    }
    expect(await ask('up', study('c', 3))).toEqual(expected.get('up'));
    await rename(at('base'), at('moved'));
    try {
      for (let round = 0; round < 3; round++) {
        expect(await ask('down', study('d', -3))).toEqual(expected.get('down'));
        expect(await ask('up', study('c', 3))).toEqual(expected.get('up'));
      }
    } finally {
      await rename(at('moved'), at('base'));
      await models.clear();
    }
  });

  it('is trained further from where it stands, or merged where all parameters are trained', async () => {
    await run('further', [study('d', -3)], { ...LORA, steps: 2, learning_rate: 0 }, 'up');
    const [before, after] = await Promise.all([openModel(at('up')), openModel(at('further'))]);
    expect(after.adapter!.weights).toEqual(before.adapter!.weights);
    expect(after.baseDir).toBe(at('base'));
    // What its parent had learned from beside the same base stays known.
    expect(before.adapter!.history.map(({ id }) => id)).toEqual(['c']);
    expect(after.adapter!.history.map(({ id }) => id)).toEqual(['d', 'c']);
    expect(after.history.map(({ id }) => id)).toEqual(['d', 'c', 'a', 'b']);
    await run('whole', [study('c', 3)], { steps: 2, learning_rate: 0, validation: 0 }, 'up');
    const whole = await openModel(at('whole'));
    expect(whole.adapter).toBeUndefined();
    const merged = mergeAdapter(before.weights, before.config, before.adapter!.lora, before.adapter!.weights);
    expect(whole.weights).toEqual(merged);
  });

  it('refuses what cannot be', async () => {
    const c = [study('c', 3)];
    await expect(run('none', c, LORA)).rejects.toThrow(/"lora_rank" needs a parent/);
    await expect(run('other', c, { ...LORA, lora_rank: 3 }, 'up')).rejects.toThrow(
      /The parent is an adapter of rank 2, alpha 4 on .*, not of rank 3.*: set lora_rank/,
    );
    expect(existsSync(at('other'))).toBe(false);
    await cp(at('base'), at('kept'), { recursive: true });
    await rm(at('base'), { recursive: true });
    await run('stranger', [study('a', 1)], { steps: 1, seed: 3 });
    await rename(at('stranger'), at('base'));
    await expect(openModel(at('up'))).rejects.toThrow(/was trained beside other weights than .*base holds now/);
    await rm(at('base'), { recursive: true });
    await expect(openModel(at('up'))).rejects.toThrow(/base has no readable/);
    await rename(at('kept'), at('base'));
  });
});
