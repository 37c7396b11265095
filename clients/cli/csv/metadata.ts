// The metadata file of a study: JSON whose "objectives" say what is measured; the rest the model reads as text.
import { readFile } from 'node:fs/promises';
import type { JsonObject, Objective } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { unreadable } from './files.js';

export interface StudyMetadata {
  /** Everything but the objectives. */
  metadata: JsonObject;
  /** Empty where the file names none. */
  objectives: Objective[];
}

/** @throws CliError file_unreadable; metadata_unusable with the line and column of a syntax error, or the field. */
export async function readMetadata(path: string): Promise<StudyMetadata> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new CliError(
      'metadata_unusable',
      `${path} is not JSON: ${(cause as Error).message}.`,
      'Mend it at this place.',
      cause,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(
      'metadata_unusable',
      `${path} is not a JSON object.`,
      'Write {"description": "…", "objectives": [{"name": "…"}]}.',
    );
  }
  const { objectives, ...metadata } = value as JsonObject;
  return { metadata, objectives: objectives === undefined ? [] : readObjectives(objectives, path) };
}

function readObjectives(value: unknown, path: string): Objective[] {
  const wrong = (place: string, what: string) =>
    new CliError(
      'metadata_unusable',
      `${path}: ${place} ${what}.`,
      'Write "objectives": [{"name": "cost", "goal": "minimize", "unit": "EUR"}].',
    );
  if (!Array.isArray(value) || value.length === 0) throw wrong('objectives', 'is not a list of objectives');
  return value.map((item: unknown, i) => {
    const place = `objectives[${i}]`;
    if (typeof item !== 'object' || item === null) throw wrong(place, 'is not an object');
    const { name, goal, unit } = item as Record<string, unknown>;
    if (typeof name !== 'string' || name === '') throw wrong(place, 'has no name');
    if (goal !== undefined && goal !== 'minimize' && goal !== 'maximize') {
      throw wrong(`${place}.goal`, 'is neither "minimize" nor "maximize"');
    }
    if (unit !== undefined && typeof unit !== 'string') throw wrong(`${place}.unit`, 'is not text');
    return { name, ...(goal === undefined ? {} : { goal }), ...(unit === undefined ? {} : { unit }) };
  });
}
