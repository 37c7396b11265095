// Real tasks for benches: a folder that holds INDEX.csv, one folder a family and in it tasks.json and one CSV a task, y last.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parseStudy } from '../../trainer/pretraining/real-studies.js';
import { Random } from '../../trainer/random.js';
import type { JsonObject, StudyData } from '../../trainer/types.js';

/** One study of real measurements, its trials in random order. */
export interface RealTask {
  family: string;
  study: StudyData;
}

/** Families of INDEX.csv whose column `use` says so: 'evaluate' or 'train+evaluate'. */
export function familiesOf(folder: string, use: string): string[] {
  const rows = parse(readFileSync(join(folder, 'INDEX.csv')), { columns: true, bom: true }) as Record<string, string>[];
  return rows.filter((row) => row.use === use).map((row) => row.dataset!);
}

/** `count` tasks of a family, those with at least `trials` trials before smaller ones; the same ones every time. */
export function loadTasks(folder: string, family: string, count: number, trials: number): RealTask[] {
  const described = JSON.parse(readFileSync(join(folder, family, 'tasks.json'), 'utf8')) as Record<string, JsonObject>;
  const names = readdirSync(join(folder, family)).flatMap((file) => /^(.*)\.csv$/.exec(file)?.[1] ?? []);
  const order = new Random(11).shuffle(names.sort());
  const large = order.filter((name) => rowsOf(folder, family, name).length > trials);
  const chosen = [...large, ...order.filter((name) => !large.includes(name))].slice(0, count);
  return chosen.map((name) => ({ family, study: readStudy(folder, family, name, described[name] ?? {}) }));
}

const rowsOf = (folder: string, family: string, name: string): string[][] =>
  parse(readFileSync(join(folder, family, `${name}.csv`)), { bom: true }) as string[][];

function readStudy(folder: string, family: string, name: string, described: JsonObject): StudyData {
  const csv = readFileSync(join(folder, family, `${name}.csv`), 'utf8');
  const study = parseStudy(`${family}/${name}`, csv, described);
  return { ...study, metadata: { task: name, ...study.metadata }, trials: new Random(12).shuffle(study.trials) };
}
