// The example studies that the demo learns from: CSVs with metadata beside them, measured by test/examples/compression/measure.mjs.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestName } from '../../../service/tabular/nearest.js';
import { planImport } from '../../../service/tabular/plan.js';
import { describeRowError } from '../../../service/tabular/row-errors.js';
import { rowToTrial } from '../../../service/tabular/trials.js';
import type { JsonObject, Objective, TrialCreate } from '../../sdk/index.js';
import { readMetadata } from '../csv/metadata.js';
import { readRows, scanCsv } from '../csv/scan.js';
import { CliError } from '../errors.js';
import { importFileDefaults } from '../import-file.js';
import { packageRoot } from '../package-root.js';

export const EXAMPLES_FOLDER = fileURLToPath(new URL('test/examples/compression', packageRoot));

export interface Example {
  name: string;
  csv: string;
  metadata: JsonObject;
  /** The objectives that the demo uses. */
  objectives: Objective[];
  /** Columns of the objectives that it does not use. */
  unused: string[];
}

/**
 * @param wanted Names of the objectives to use, the main one first; empty: all.
 * @throws CliError where there are no examples or none has such an objective.
 */
export async function findExamples(folder: string, wanted: readonly string[]): Promise<Example[]> {
  const files = existsSync(folder) ? (await readdir(folder)).filter((file) => file.endsWith('.csv')).sort() : [];
  if (files.length < 2) {
    throw new CliError(
      'file_unreadable',
      `${folder} holds fewer than two example studies.`,
      'Run the demo in a checkout of the project.',
    );
  }
  return Promise.all(
    files.map(async (file) => {
      const name = file.slice(0, -'.csv'.length);
      const { metadata, objectives: known } = await readMetadata(join(folder, `${name}.json`));
      const names = known.map((objective) => objective.name);
      const objectives = (wanted.length > 0 ? wanted : names).map((objective) => {
        const found = known.find((candidate) => candidate.name === objective);
        if (found) return found;
        throw new CliError(
          'usage',
          `--objective ${objective}: the examples measure ${names.join(' and ')}.${nearestName(objective, names)}`,
          'Name one of them.',
        );
      });
      const unused = names.filter((objective) => !objectives.some((used) => used.name === objective));
      return { name, csv: join(folder, file), metadata, objectives, unused };
    }),
  );
}

/** All trials of one example. Its CSV is ours: a bad row is an error. */
export async function readExample(example: Example): Promise<TrialCreate[]> {
  const options = { ...importFileDefaults, objectives: example.objectives, ignore: example.unused };
  const scan = await scanCsv(example.csv, options);
  const plan = planImport(scan.header, scan.profiles, options, example.csv);
  const trials: TrialCreate[] = [];
  for await (const item of readRows(scan)) {
    const result = 'error' in item ? { errors: [item.error] } : rowToTrial(item, plan);
    if ('errors' in result) {
      throw new CliError(
        'csv_unusable',
        `${example.csv}: ${describeRowError(result.errors[0]!)}`,
        'Measure the examples again.',
      );
    }
    trials.push(result.trial);
  }
  return trials;
}
