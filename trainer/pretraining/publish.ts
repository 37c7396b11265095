// The end of a pretraining: what the model answers about what was held back, and its folder with a card of how it came to be.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERIALIZATION_VERSION } from '../../tokenizer/serialize.js';
import type { Device } from '../devices/device.js';
import { measureExports } from '../hugging-face/measured-exports.js';
import { saveModel } from '../model-directory.js';
import { promptRulesOf } from '../prompt.js';
import type { StartingPoint } from '../starting-point.js';
import type { Json } from '../types.js';
import { validate } from '../validation.js';
import { type ModelCardFacts, modelCardText } from './model-card.js';
import type { GroupedQuestion } from './pretraining-worker.js';

export interface Finished extends ModelCardFacts {
  start: StartingPoint;
  questions: readonly GroupedQuestion[];
  device: Device;
  waitedSeconds: number;
}

/** Writes the model directory, with README.md beside what `saveModel` writes. */
export async function publish(modelDir: string, finished: Finished): Promise<void> {
  const { start, weights, config, settings, steps, questions, device, waitedSeconds } = finished;
  const model = { config: start.model.config, weights };
  const answers = await validate(questions, model, config.threads, undefined, device);
  const exports = await measureExports(answers, (precision) =>
    validate(questions, { ...model, precision }, config.threads),
  );
  const card = {
    serialization_version: SERIALIZATION_VERSION,
    ...promptRulesOf(config),
    calibration_scores: answers!.centralities,
    metrics: {
      steps,
      training_examples: steps * config.batch_size,
      data_wait_seconds: waitedSeconds,
      validation_score: answers!.score,
      validation_error: answers!.error,
      validation_trials: answers!.trials,
    },
    training: { ...config, ...settings } as unknown as Record<string, Json>,
    exports,
  };
  // No history: rows of the families are not for shipping, and say nothing of a user's studies. No ONNX files: services build them.
  await saveModel(modelDir, { ...model, tokenizerJson: start.tokenizerJson, history: [], card }, []);
  await writeFile(join(modelDir, 'README.md'), modelCardText(finished));
}
