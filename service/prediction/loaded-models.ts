// Models in memory: a few whole ones, and on each any number of adapters, which come and go without their base being read again.
import { baseDirOf, openModel } from '../../trainer/adapter-directory.js';
import type { Device } from '../../trainer/devices/device.js';
import { Inference } from '../../trainer/model/inference.js';
import { loadModel, type ModelDirectory } from '../../trainer/model-directory.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import type { DerivedFiles } from './derived-files.js';
import { LruCache } from './lru-cache.js';
import { modelVersion } from './model-version.js';
import { PromptQueue } from './prompt-queue.js';

/** Predictors kept on one base: an adapter's weights and what was fitted for its studies, a few MB each. */
const MAX_PREDICTORS = 32;

interface LoadedBase {
  model: ModelDirectory;
  /** In front of the sessions: one for each shape of adapter, and one without. */
  queues: Map<string, PromptQueue>;
  predictors: LruCache<Predictor>;
}

export class LoadedModels {
  private readonly bases: LruCache<LoadedBase>;

  /** @param limit whole models in memory at once */
  constructor(
    limit: number,
    private readonly threads: number,
    private readonly device: Device,
    /** Where the calibration of studies outlasts the process. */
    private readonly derived: DerivedFiles,
  ) {
    this.bases = new LruCache(limit, async ({ queues }) => {
      for (const queue of queues.values()) await queue.release();
    });
  }

  /**
   * Calls `work` with the predictor of a model's folder, or of an adapter's on its base; it stays in memory until `work` is done.
   * @throws TrainerError `model_files`, `model_config`
   */
  async use<R>(modelDir: string, work: (predictor: Predictor) => Promise<R>): Promise<R> {
    const baseDir = await baseDirOf(modelDir);
    const loadBase = async (): Promise<LoadedBase> => ({
      model: await loadModel(baseDir),
      queues: new Map(),
      predictors: new LruCache(MAX_PREDICTORS),
    });
    return this.bases.use(baseDir, loadBase, ({ model, queues, predictors }) => {
      const loadPredictor = async () => {
        const opened = await openModel(modelDir, async () => model);
        const lora = opened.adapter?.lora;
        const shape = JSON.stringify(lora ?? null);
        let queue = queues.get(shape);
        if (!queue) {
          const inference = new Inference({ ...model, lora }, this.threads, this.device);
          queue = new PromptQueue(inference, inference.chunkSize);
          queues.set(shape, queue);
        }
        const version = await modelVersion(modelDir, opened.card);
        return new Predictor(opened, queue, (study) => this.derived.entry(JSON.stringify([version, study])));
      };
      return predictors.use(modelDir, loadPredictor, work);
    });
  }

  clear(): Promise<void> {
    return this.bases.clear();
  }
}
