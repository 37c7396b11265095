// Models in memory: a few whole ones, and on each any number of adapters, which come and go without their base being read again.
import type { Device } from '../../trainer/devices/device.js';
import type { Inference } from '../../trainer/model/inference.js';
import type { ModelDirectory } from '../../trainer/model-directory.js';
import type { Predictor } from '../../trainer/prediction/predictor.js';
import { LruCache } from './lru-cache.js';

/** Predictors kept on one base: an adapter's weights and what was fitted for its studies, a few MB each. */
const MAX_PREDICTORS = 32;

interface LoadedBase {
  model: ModelDirectory;
  /** One for each shape of adapter, and one without. */
  inferences: Map<string, Inference>;
  predictors: LruCache<Predictor>;
}

/** Not for concurrent use: one request after the other. */
export class LoadedModels {
  private readonly bases: LruCache<LoadedBase>;

  /** @param limit whole models in memory at once */
  constructor(
    limit: number,
    private readonly threads: number,
    private readonly device: Device,
  ) {
    this.bases = new LruCache(limit, async ({ inferences }) => {
      for (const inference of inferences.values()) await inference.release();
    });
  }

  /** The predictor of a model's folder, or of an adapter's on its base. @throws TrainerError `model_files`, `model_config` */
  async get(modelDir: string): Promise<Predictor> {
    // Loaded late: ONNX Runtime comes along with it.
    const { baseDirOf, openModel } = await import('../../trainer/adapter-directory.js');
    const { loadModel } = await import('../../trainer/model-directory.js');
    const { Inference } = await import('../../trainer/model/inference.js');
    const { Predictor } = await import('../../trainer/prediction/predictor.js');
    const baseDir = await baseDirOf(modelDir);
    const { model, inferences, predictors } = await this.bases.get(baseDir, async () => ({
      model: await loadModel(baseDir),
      inferences: new Map(),
      predictors: new LruCache(MAX_PREDICTORS),
    }));
    return predictors.get(modelDir, async () => {
      const opened = await openModel(modelDir, async () => model);
      const lora = opened.adapter?.lora;
      const shape = JSON.stringify(lora ?? null);
      const inference = inferences.get(shape) ?? new Inference({ ...model, lora }, this.threads, this.device);
      inferences.set(shape, inference);
      return new Predictor(opened, inference);
    });
  }

  clear(): Promise<void> {
    return this.bases.clear();
  }
}
