// Tasks of a folder: families as sub-folders (or the folder itself), in each one CSV a task with its y last, and what describes them.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { nearestName } from '../../../service/tabular/nearest.js';
import type { JsonObject, Objective } from '../../sdk/index.js';
import { readMetadata } from '../csv/metadata.js';
import { CliError } from '../errors.js';

/** A study to be. */
export interface FolderTask {
  family: string;
  name: string;
  csv: string;
  metadata: JsonObject;
  /** Empty: the last column is the objective, and `assumed` says more of it. */
  objectives: Objective[];
  assumed: Partial<Objective>;
}

export interface FolderFilter {
  /** Empty: all. */
  families: readonly string[];
  /** What INDEX.csv is to say in its column "use" of a family. */
  use: string | undefined;
  /** Tasks of a family, at even distances in the order of their names. */
  tasks: number | undefined;
}

/** Entries of tasks.json that say how the file was made, or what y is: not known before an experiment. */
export const NO_METADATA: readonly string[] = [
  'task',
  'objective',
  'direction',
  'unit',
  'rows',
  'rows_available',
  'rows_dropped_invalid',
  'features',
  'text_columns',
  'family',
  'y_min',
  'y_max',
  'y_unique',
];

/**
 * @param onLeft told of CSV files that are no family's, and so left out
 * @throws CliError where there is no CSV, or a family is not there
 */
export async function findTasks(
  folder: string,
  filter: FolderFilter,
  onLeft: (files: readonly string[]) => void = () => {},
): Promise<FolderTask[]> {
  const families = await familiesOf(folder, filter, onLeft);
  const tasks = await Promise.all(families.map((family) => readFamily(family, filter.tasks)));
  return tasks.flat();
}

interface Family {
  name: string;
  path: string;
  files: string[];
}

async function familiesOf(
  folder: string,
  { families, use }: FolderFilter,
  onLeft: (files: readonly string[]) => void,
): Promise<Family[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    const message = `${folder} is not a folder that can be read.`;
    throw new CliError('file_unreadable', message, 'Name a folder of CSV files.', cause);
  });
  const found: Family[] = [];
  for (const entry of entries.filter((entry) => entry.isDirectory())) {
    const path = join(folder, entry.name);
    const files = csvsAmong(await readdir(path));
    if (files.length > 0) found.push({ name: entry.name, path, files });
  }
  const files = csvsAmong(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  if (files.length > 0 && found.length === 0) found.push({ name: basename(resolve(folder)), path: folder, files });
  // Whoever names families has chosen already.
  else if (files.length > 0 && families.length === 0 && use === undefined) onLeft(files);
  const marked = use === undefined ? undefined : await familiesMarked(folder, use);
  const names = found.map(({ name }) => name).filter((name) => !marked || marked.has(name));
  const missing = families.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const hint = nearestName(missing, names);
    throw new CliError(
      'usage',
      `--family ${missing}: ${folder} holds no such family.${hint}`,
      `Name one of: ${names.sort().join(', ')}.`,
    );
  }
  const chosen = found.filter(({ name }) => names.includes(name) && (families.length === 0 || families.includes(name)));
  if (chosen.length > 0) return chosen.sort((a, b) => (a.name < b.name ? -1 : 1));
  const wanted = use === undefined ? '' : ` of a family that INDEX.csv marks "${use}"`;
  throw new CliError(
    'file_unreadable',
    `${folder} holds no CSV file${wanted}.`,
    'Name a folder of CSV files, or of folders of them.',
  );
}

const csvsAmong = (files: readonly string[]): string[] =>
  files.filter((file) => file.endsWith('.csv') && file !== 'INDEX.csv').sort();

async function familiesMarked(folder: string, use: string): Promise<Set<string>> {
  const text = await readFile(join(folder, 'INDEX.csv'), 'utf8').catch((cause: unknown) => {
    throw new CliError(
      'file_unreadable',
      `--use ${use}: ${folder} has no INDEX.csv.`,
      'Leave out --use, or write one.',
      cause,
    );
  });
  const rows = parse(text, { columns: true, bom: true }) as { dataset?: string; use?: string }[];
  return new Set(rows.filter((row) => row.use === use).map((row) => row.dataset ?? ''));
}

async function readFamily({ name, path, files }: Family, count: number | undefined): Promise<FolderTask[]> {
  const described = existsSync(join(path, 'tasks.json')) ? (await readMetadata(join(path, 'tasks.json'))).metadata : {};
  return Promise.all(
    evenly(files, count).map(async (file): Promise<FolderTask> => {
      const task = file.slice(0, -'.csv'.length);
      const own = join(path, `${task}.json`);
      const common = { family: name, name: task, csv: join(path, file) };
      if (existsSync(own)) return { ...common, ...(await readMetadata(own)), assumed: {} };
      const facts = described[task];
      const known = typeof facts === 'object' && facts !== null && !Array.isArray(facts) ? facts : {};
      return { ...common, metadata: metadataOf(known), objectives: [], assumed: objectiveOf(known) };
    }),
  );
}

/** At most `count` items at even distances, the first among them. */
function evenly<T>(items: readonly T[], count = items.length): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}

function metadataOf(facts: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => !NO_METADATA.includes(key)));
}

function objectiveOf({ objective, direction, unit }: JsonObject): Partial<Objective> {
  return {
    ...(typeof objective === 'string' && objective !== '' && { name: objective }),
    ...((direction === 'minimize' || direction === 'maximize') && { goal: direction }),
    ...(typeof unit === 'string' && unit !== '' && { unit }),
  };
}
