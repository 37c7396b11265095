// The metadata file of a study: JSON whose "objectives" say what is measured; the rest the model reads as text.
import { readFile } from 'node:fs/promises';
import type { PlannedColumn } from '../../../service/tabular/planned-columns.js';
import type { Json, JsonObject, Objective, SearchSpace } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { unreadable } from './files.js';

export interface StudyMetadata {
  /** Everything but the objectives. */
  metadata: JsonObject;
  /** Empty where the file names none. */
  objectives: Objective[];
  /** What only `omnireg export` writes: how the study is called, and what each column of the CSV beside it is. */
  exported?: { name: string; searchSpace: SearchSpace | undefined; columns: PlannedColumn[] | undefined };
}

/** Under this key an export keeps what it knows exactly. */
const EXPORT_KEY = 'omnireg_export';

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
  const { objectives: named, [EXPORT_KEY]: exported, ...metadata } = value as JsonObject;
  const objectives = named === undefined ? [] : readObjectives(named, path);
  return exported === undefined ? { metadata, objectives } : { objectives, ...readExported(exported, path) };
}

function readExported(value: Json, path: string): Required<Omit<StudyMetadata, 'objectives'>> {
  const { name, metadata, search_space: searchSpace, columns } = (value ?? {}) as JsonObject;
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (typeof name !== 'string' || !isObject(metadata) || !(columns === undefined || Array.isArray(columns))) {
    const fix = 'Leave it as "omnireg export" wrote it, or take it out.';
    throw new CliError('metadata_unusable', `${path}: ${EXPORT_KEY} is not what an export writes.`, fix);
  }
  return {
    metadata: metadata as JsonObject,
    exported: {
      name,
      searchSpace: searchSpace as unknown as SearchSpace | undefined,
      columns: columns as unknown as PlannedColumn[] | undefined,
    },
  };
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
