// Optuna's SQLite storage (RDB schema 12, Optuna 2.10 to 4), read as it lies: each study with all its trials, whatever became of them.
import Sqlite, { type Database } from 'better-sqlite3';
import type { Json, JsonObject, Objective, SearchSpace, TrialCreate } from '../../sdk/index.js';
import { CliError } from '../errors.js';

export interface OptunaStudy {
  name: string;
  metadata: JsonObject;
  objectives: Objective[];
  /** Where every trial drew its parameters from the same distributions. */
  searchSpace: SearchSpace | undefined;
  /** NDJSON, a line a trial, in the order of their numbers. */
  trials: () => Iterable<string>;
}

interface Trial {
  trial_id: number;
  number: number;
  state: 'COMPLETE' | 'FAIL' | 'PRUNED' | 'RUNNING' | 'WAITING';
  datetime_start: string | null;
  datetime_complete: string | null;
}

interface Distribution {
  name: string;
  attributes: { low?: number; high?: number; log?: boolean; choices?: Json[] };
}

const TABLES = ['studies', 'study_directions', 'trials', 'trial_params', 'trial_values', 'trial_intermediate_values'];

/**
 * The studies of a storage, in the order they were made in. The file is only read.
 * @throws CliError table_unusable where it is no storage of Optuna
 */
export function* readOptuna(path: string, label: string): Generator<OptunaStudy> {
  const db = open(path, label);
  try {
    const studies = db
      .prepare<[], { study_id: number; study_name: string }>(
        'SELECT study_id, study_name FROM studies ORDER BY study_id',
      )
      .all();
    for (const { study_id: id, study_name: name } of studies) yield studyOf(db, id, name);
  } finally {
    db.close();
  }
}

function open(path: string, label: string): Database {
  const unusable = (what: string, cause?: unknown) =>
    new CliError('table_unusable', `${label} ${what}.`, 'Name the file of an Optuna storage (sqlite:///FILE).', cause);
  let db: Database;
  try {
    db = new Sqlite(path, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw unusable(`cannot be opened as SQLite (${(cause as Error).message})`, cause);
  }
  try {
    const tables = db.prepare<[], { name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
    const missing = TABLES.find((table) => !tables.some(({ name }) => name === table));
    if (missing === undefined) return db;
    db.close();
    throw unusable(`is SQLite, but no storage of Optuna: it has no table ${missing}`);
  } catch (cause) {
    db.close();
    throw cause instanceof CliError ? cause : unusable(`cannot be read (${(cause as Error).message})`, cause);
  }
}

function studyOf(db: Database, id: number, name: string): OptunaStudy {
  const directions = db
    .prepare<[number], { direction: string }>(
      'SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective',
    )
    .all(id);
  const system = attributes(db, 'study_system_attributes', 'study_id', id);
  const user = attributes(db, 'study_user_attributes', 'study_id', id);
  const named = system['study:metric_names'];
  const objectives = directions.map(({ direction }, i): Objective => {
    const given = Array.isArray(named) ? named[i] : undefined;
    const fallback = directions.length === 1 ? 'value' : `value_${i}`;
    const goal = ({ MINIMIZE: 'minimize', MAXIMIZE: 'maximize' } as const)[direction];
    return { name: typeof given === 'string' ? given : fallback, ...(goal && { goal }) };
  });
  return {
    name,
    metadata: { source: 'Optuna', ...(Object.keys(user).length > 0 && { user_attrs: user }) },
    objectives,
    searchSpace: searchSpaceOf(db, id),
    trials: () => trialsOf(db, id, objectives),
  };
}

function* trialsOf(db: Database, study: number, objectives: readonly Objective[]): Generator<string> {
  const columns = (table: string) => db.pragma(`table_info(${table})`) as { name: string }[];
  // Before Optuna 3 there was no column for what is not finite.
  const typed = (table: string, value: string, type: string) =>
    columns(table).some(({ name }) => name === type)
      ? `${value} AS value, ${type} AS type`
      : `${value} AS value, 'FINITE' AS type`;
  const params = db.prepare<[number], { param_name: string; param_value: number; distribution_json: string }>(
    'SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ? ORDER BY param_id',
  );
  const values = db.prepare<[number], Measured>(
    `SELECT ${typed('trial_values', 'value', 'value_type')} FROM trial_values WHERE trial_id = ? ORDER BY objective`,
  );
  const steps = db.prepare<[number], Measured & { step: number }>(
    `SELECT step, ${typed('trial_intermediate_values', 'intermediate_value', 'intermediate_value_type')}
       FROM trial_intermediate_values WHERE trial_id = ? ORDER BY step`,
  );
  const all = db.prepare<[number], Trial>(
    `SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE study_id = ? ORDER BY number`,
  );
  // Read whole: other statements run while these are gone through.
  for (const trial of all.all(study)) {
    const id = trial.trial_id;
    const system = attributes(db, 'trial_system_attributes', 'trial_id', id);
    const user = attributes(db, 'trial_user_attributes', 'trial_id', id);
    const drawn = params
      .all(id)
      .map(({ param_name: key, param_value: value, distribution_json: json }): [string, Json] => [
        key,
        drawnValue(value, JSON.parse(json) as Distribution),
      ]);
    // What is queued has its parameters only as a wish.
    const x = drawn.length > 0 ? Object.fromEntries(drawn) : ((system.fixed_params ?? {}) as JsonObject);
    const reported = steps.all(id).map(({ step, ...measured }): [string, Json] => [String(step), numberOf(measured)]);
    const metadata = {
      number: trial.number,
      state: trial.state,
      ...(trial.datetime_start !== null && { started: trial.datetime_start }),
      ...(trial.datetime_complete !== null && { completed: trial.datetime_complete }),
      ...(Object.keys(user).length > 0 && { user_attrs: user }),
      ...(reported.length > 0 && { intermediate_values: Object.fromEntries(reported) }),
    } satisfies JsonObject;
    const last = reported.at(-1)?.[0];
    yield `${JSON.stringify({ x, ...outcomeOf(trial, values.all(id), objectives, last, system), metadata })}\n`;
  }
}

interface Measured {
  value: number | null;
  type: string;
}

/** What is not finite is kept as the word that Optuna's users write. */
function numberOf({ value, type }: Measured): number | string {
  if (type === 'INF_POS') return 'inf';
  if (type === 'INF_NEG') return '-inf';
  return type === 'NAN' || value === null ? 'nan' : value;
}

function outcomeOf(
  { state }: Trial,
  measured: readonly Measured[],
  objectives: readonly Objective[],
  lastStep: string | undefined,
  system: JsonObject,
): Pick<TrialCreate, 'y' | 'status' | 'infeasible_reason'> {
  if (state === 'RUNNING' || state === 'WAITING') return { status: 'running' };
  if (state === 'PRUNED') {
    return {
      status: 'infeasible',
      infeasible_reason: lastStep === undefined ? 'pruned' : `pruned at step ${lastStep}`,
    };
  }
  if (state === 'FAIL') {
    const why = system.fail_reason;
    return { status: 'infeasible', infeasible_reason: typeof why === 'string' ? why.slice(0, 10_000) : 'failed' };
  }
  const y = measured.map(numberOf);
  const bad = y.findIndex((value) => typeof value === 'string');
  if (bad >= 0)
    return { status: 'infeasible', infeasible_reason: `${objectives[bad]?.name ?? 'the value'} was ${y[bad]}` };
  const numbers = y as number[];
  if (objectives.length === 1) return { y: numbers[0]! };
  return { y: Object.fromEntries(objectives.map(({ name }, i) => [name, numbers[i]!])) };
}

function drawnValue(value: number, { name, attributes }: Distribution): Json {
  if (attributes.choices) return attributes.choices[value] ?? null;
  return name.startsWith('Int') ? Math.round(value) : value;
}

function attributes(db: Database, table: string, column: string, id: number): JsonObject {
  const exists = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = ?`).get(table);
  if (exists === undefined) return {};
  const rows = db
    .prepare<[number], { key: string; value_json: string }>(
      `SELECT key, value_json FROM ${table} WHERE ${column} = ? ORDER BY key`,
    )
    .all(id);
  return Object.fromEntries(rows.map(({ key, value_json: json }) => [key, jsonOf(json)]));
}

/** Python writes NaN and Infinity into JSON, which has neither. */
function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** One entry a parameter, where each has had one distribution throughout. */
function searchSpaceOf(db: Database, study: number): SearchSpace | undefined {
  const rows = db
    .prepare<[number], { name: string; json: string; trials: number }>(
      `SELECT param_name AS name, distribution_json AS json, count(*) AS trials FROM trial_params
         WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?) GROUP BY 1, 2 ORDER BY 1`,
    )
    .all(study);
  const most = Math.max(...rows.map(({ trials }) => trials), 0);
  const space: Record<string, NonNullable<SearchSpace[string]>> = {};
  for (const { name, json, trials } of rows) {
    const range = rangeOf(JSON.parse(json) as Distribution);
    if (range === undefined || Object.hasOwn(space, name)) return undefined;
    space[name] = { ...range, ...(trials < most && { optional: true }) };
  }
  return rows.length > 0 ? space : undefined;
}

function rangeOf({ name, attributes }: Distribution): SearchSpace[string] | undefined {
  const { low, high, log, choices } = attributes;
  if (choices) return choices.includes(null) ? undefined : { type: 'categorical', choices: choices as never[] };
  if (low === undefined || high === undefined || !(low < high)) return undefined;
  const scale = log || name.includes('Log') ? { scale: 'log' as const } : {};
  return { type: name.startsWith('Int') ? 'integer' : 'float', low, high, ...scale };
}
