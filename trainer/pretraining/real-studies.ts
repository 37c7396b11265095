// Families of measured studies from a folder: a folder a family, a CSV a task with the objective in its last column, and
// tasks.json, which describes the tasks. Families and tasks that are held out are not even opened.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { TrainerError } from '../errors.js';
import { Random } from '../random.js';
import { memoryStudy } from '../study-source.js';
import type { Json, JsonObject, Objective, StudyData, StudySource, Trial } from '../types.js';
import { HIDDEN_FACTS, type IndexRow, isHeldOut, trainableFamilies } from './families.js';

export interface RealFamily {
  name: string;
  license: string;
  /** To learn from. */
  studies: StudySource[];
  /** Of the same family, never learned from: what progress is measured on. */
  heldBack: StudySource[];
}

/** Longest text of a cell that is kept, characters: more than a prompt holds. */
const MAX_TEXT = 2000;
const BACK_STREAM = 0x6261636b;

/**
 * All families of the folder that may be learned from, in the order of its INDEX.csv.
 * @throws TrainerError `no_training_data` where the folder has no index or no such family
 */
export async function readFamilies(folder: string): Promise<RealFamily[]> {
  const text = await readFile(join(folder, 'INDEX.csv'), 'utf8').catch(() => {
    throw new TrainerError(
      'no_training_data',
      `--families: ${folder} has no INDEX.csv; give a folder of families as docs/pretraining.md describes, or none`,
    );
  });
  const index = parse(text, { columns: true, bom: true }) as IndexRow[];
  const families = await Promise.all(trainableFamilies(index).map((row) => readFamily(folder, row)));
  const usable = families.filter(({ studies }) => studies.length > 0);
  if (usable.length === 0) {
    throw new TrainerError(
      'no_training_data',
      `--families: no family of ${folder} may be trained on; its INDEX.csv must mark some train+evaluate`,
    );
  }
  return usable;
}

async function readFamily(folder: string, { dataset, license }: IndexRow): Promise<RealFamily> {
  const path = join(folder, dataset);
  const described = JSON.parse(await readFile(join(path, 'tasks.json'), 'utf8')) as Record<string, JsonObject>;
  const tasks = (await readdir(path))
    .filter((file) => file.endsWith('.csv'))
    .map((file) => file.slice(0, -'.csv'.length))
    .filter((task) => !isHeldOut(dataset, task))
    .sort();
  const back = heldBackTasks(tasks);
  const family: RealFamily = { name: dataset, license, studies: [], heldBack: [] };
  for (const task of tasks) {
    const csv = await readFile(join(path, `${task}.csv`), 'utf8');
    const study = readStudy(`${dataset}/${task}`, csv, described[task] ?? {});
    if (study.trials > 1) (back.has(task) ? family.heldBack : family.studies).push(study);
  }
  return family;
}

/** Of four tasks and more, about one in ten and at most three. By name, so that families that share tasks hold back the same. */
function heldBackTasks(tasks: readonly string[]): Set<string> {
  const count = tasks.length < 4 ? 0 : Math.min(3, Math.max(1, Math.round(tasks.length / 10)));
  const rank = (task: string) => new Random(BACK_STREAM, ...Array.from(task, (c) => c.codePointAt(0)!)).uniform();
  return new Set([...tasks].sort((a, b) => rank(a) - rank(b)).slice(0, count));
}

/** A study from the text of its CSV and what tasks.json says of it. An empty cell is a parameter that is missing. */
export function readStudy(id: string, csv: string, facts: JsonObject): StudySource {
  return memoryStudy(parseStudy(id, csv, facts));
}

/** As `readStudy`, with its trials in the order of their rows. */
export function parseStudy(id: string, csv: string, facts: JsonObject): StudyData {
  const [header, ...rows] = parse(csv, { bom: true, relax_column_count: true }) as string[][];
  const names = header!.slice(0, -1);
  const trials: Trial[] = [];
  for (const cells of rows) {
    const last = cells[names.length] ?? '';
    const y = Number(last);
    if (last.trim() === '' || !(Math.abs(y) < 1e30)) continue;
    const x: JsonObject = {};
    names.forEach((name, j) => {
      const cell = cells[j];
      if (cell !== undefined && cell !== '') x[name] = cellValue(cell);
    });
    trials.push({ x, y });
  }
  return { id, metadata: metadataOf(facts), objective: objectiveOf(header!.at(-1)!, facts), trials };
}

function cellValue(cell: string): Json {
  const number = Number(cell);
  return cell.trim() !== '' && Number.isFinite(number) ? number : cell.slice(0, MAX_TEXT);
}

function metadataOf(facts: JsonObject): JsonObject {
  const shown = Object.entries(facts).filter(([key]) => !HIDDEN_FACTS.includes(key));
  return Object.fromEntries(shown.map(([key, value]) => [key, typeof value === 'string' ? cellValue(value) : value]));
}

function objectiveOf(column: string, { objective, direction, unit }: JsonObject): Objective {
  return {
    name: typeof objective === 'string' && objective !== '' ? objective : column,
    ...((direction === 'minimize' || direction === 'maximize') && { goal: direction }),
    ...(typeof unit === 'string' && unit !== '' && { unit }),
  };
}
