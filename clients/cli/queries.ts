// The parameters to predict for, from --x or from the rows of a CSV, read as the study's own trials are.

import type { ColumnKind } from '../../service/tabular/columns.js';
import { nearestName } from '../../service/tabular/nearest.js';
import type { RowError } from '../../service/tabular/row-errors.js';
import { rowToQuery } from '../../service/tabular/trials.js';
import type { JsonObject, OmniReg, Study } from '../sdk/index.js';
import { columnNotes, readRows, type ScanOptions, scanCsv } from './csv/scan.js';

/** Trials looked at to learn what kind of value each parameter has. */
const SAMPLED_TRIALS = 200;

export interface Queries {
  /** What identifies a query to its author: "line 7" or "x 2". */
  labels: string[];
  queries: JsonObject[];
  /** Rows that could not be used. */
  errors: RowError[];
  notes: string[];
  /** Parameters that no trial of the study has: there is a note on each. */
  strangers: string[];
  /** Of a CSV: its cells as they stand there, a row a query. */
  table?: { header: string[]; delimiter: string; rows: string[][] };
}

/** Reads a CSV of parameters. Columns of the study's objectives are left out: a file with measurements can be asked about, too. */
export async function queriesFromCsv(
  client: OmniReg,
  study: Study,
  path: string,
  options: ScanOptions,
): Promise<Queries> {
  const scan = await scanCsv(path, options);
  const measured = new Set(study.objectives.map(({ name }) => name));
  const known = await parameterKinds(client, study.id);
  const parameters = scan.header.names
    .map((name, index) => ({ name, key: name, index, kind: known.get(name) ?? scan.profiles[index]!.kind }))
    .filter(({ name, index }) => !measured.has(name) && scan.profiles[index]!.kind !== 'empty');
  const plan = {
    width: scan.header.names.length,
    parameters,
    missing: new Set(options.missing.map((value) => value.trim())),
    decimalComma: options.decimalComma,
  };
  const rows: string[][] = [];
  const table = { header: [...scan.header.names], delimiter: scan.delimiter, rows };
  const strange = strangersAmong(
    parameters.map(({ name }) => name),
    known,
  );
  const notes = [...columnNotes(scan, parameters), ...strange.notes];
  const result: Queries = { labels: [], queries: [], errors: [], notes, strangers: strange.strangers, table };
  for await (const item of readRows(scan)) {
    if ('error' in item) {
      result.errors.push(item.error);
      continue;
    }
    const row = rowToQuery(item, plan);
    if ('errors' in row) result.errors.push(...row.errors);
    else {
      result.labels.push(`line ${item.line}`);
      result.queries.push(row.x);
      rows.push([...item.cells]);
    }
  }
  return result;
}

/** Parameters given as JSON. */
export async function queriesFromJson(
  client: OmniReg,
  studyId: string,
  queries: readonly JsonObject[],
): Promise<Queries> {
  const names = [...new Set(queries.flatMap((x) => Object.keys(x)))];
  const strange = strangersAmong(names, await parameterKinds(client, studyId));
  return { labels: queries.map((_, i) => `x ${i + 1}`), queries: [...queries], errors: [], ...strange };
}

/** A name that no trial has is allowed, and most often a slip. */
function strangersAmong(
  names: readonly string[],
  known: ReadonlyMap<string, ColumnKind>,
): Pick<Queries, 'notes' | 'strangers'> {
  const strangers = known.size === 0 ? [] : names.filter((name) => !known.has(name));
  const notes = strangers.map(
    (name) => `the study's trials have no parameter "${name}".${nearestName(name, [...known.keys()])}`,
  );
  return { notes, strangers };
}

/** A one-row file cannot tell whether 7 is a number or a name; the study's trials can. */
async function parameterKinds(client: OmniReg, studyId: string): Promise<Map<string, ColumnKind>> {
  const kinds = new Map<string, ColumnKind>();
  const { data } = await client.studies.trials.list(studyId, { limit: SAMPLED_TRIALS });
  for (const { x } of data) {
    for (const [name, value] of Object.entries(x)) {
      const kind = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text';
      kinds.set(name, kinds.has(name) && kinds.get(name) !== kind ? 'text' : kind);
    }
  }
  return kinds;
}
