// Names a model as it stands on disk, and the program that reads it: what was computed with either another is not taken for its own.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../../tokenizer/package-root.js';
import { CALIBRATION_DEFAULTS } from '../../trainer/calibration/defaults.js';
import { CARD_FILE } from '../../trainer/model-card.js';
import type { ModelCard } from '../../trainer/model-directory.js';
import { CROSS_FIT_DEFAULTS } from '../../trainer/prediction/cross-fit.js';

/** To be raised with every change to what the model is asked about a study, or to what is kept of its answers. */
const FORMAT = 4;

/** @param dir folder of the model or adapter, which is written whole or not at all; the card of an adapter names its base's weights */
export async function modelVersion(dir: string, card: ModelCard): Promise<string> {
  const { version } = JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as { version: string };
  const { mtimeMs } = await stat(join(dir, CARD_FILE));
  return JSON.stringify([FORMAT, version, CALIBRATION_DEFAULTS, CROSS_FIT_DEFAULTS, dir, mtimeMs, card]);
}
