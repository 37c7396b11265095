// Imports one CSV file as trials of a study: reads it twice (columns, then rows) and sends batches that can be repeated safely.
import { randomUUID } from 'node:crypto';
import { type ImportPlan, type InfeasibleMark, planImport } from '../../service/tabular/plan.js';
import type { RowError } from '../../service/tabular/row-errors.js';
import { rowToTrial } from '../../service/tabular/trials.js';
import { APIError, type JsonObject, type Objective, type OmniReg, type Study, type TrialCreate } from '../sdk/index.js';
import { type CsvScan, columnNotes, readRows, scanCsv } from './csv/scan.js';

/** Rows and JSON characters in one request; the service takes 1,000 rows and 16 MiB by default. */
const BATCH_ROWS = 500;
const BATCH_CHARACTERS = 4_000_000;
/** Errors kept for the report; all are counted. */
const KEPT_ERRORS = 1000;

export interface ImportFileOptions {
  path: string;
  /** Study to add to; absent: one is made from `name`, `metadata` and the objectives. */
  study: Study | undefined;
  name: string;
  metadata: JsonObject;
  /** Empty: the last column. */
  objectives: readonly Objective[];
  objectivesFrom: string;
  /** What else is known of an objective that is assumed because its column is the last; the name may be another than the column's. */
  assumed: Partial<Objective>;
  delimiter: string | undefined;
  header: boolean | undefined;
  ignore: readonly string[];
  statusColumn: string | undefined;
  infeasible: readonly InfeasibleMark[];
  missing: readonly string[];
  decimalComma: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: (done: number, total: number) => void;
}

export const importFileDefaults = {
  study: undefined,
  metadata: {},
  objectives: [],
  objectivesFrom: '--objective',
  assumed: {},
  delimiter: undefined,
  header: undefined,
  ignore: [],
  statusColumn: undefined,
  infeasible: [],
  missing: [],
  decimalComma: false,
} satisfies Partial<ImportFileOptions>;

export interface ImportReport {
  file: string;
  /** Absent where no row was good, so that no study was made. */
  study: { id: string; name: string; created: boolean } | undefined;
  objectives: Objective[];
  /** Whether the objective was taken because its column is the last. */
  objectiveAssumed: boolean;
  parameters: { name: string; kind: string }[];
  rows: number;
  imported: number;
  /** Of those imported, how many are marked as failed. */
  infeasible: number;
  rejected: number;
  /** The first 1,000 errors; a row can have several. */
  errors: RowError[];
  notes: string[];
}

/**
 * @throws CliError where the file as a whole cannot be used; APIError where the service refuses or stays away. Rows that
 *   cannot be used are reported, never thrown.
 */
export async function importFile(client: OmniReg, options: ImportFileOptions): Promise<ImportReport> {
  const scan = await scanCsv(options.path, options);
  const plan = planImport(scan.header, scan.profiles, options, options.path);
  const objectiveAssumed = options.objectives.length === 0;
  const report: ImportReport = {
    file: options.path,
    study: options.study && { id: options.study.id, name: options.study.name, created: false },
    objectives: plan.objectives.map(({ objective }) =>
      objectiveAssumed ? { ...objective, ...options.assumed } : objective,
    ),
    objectiveAssumed,
    parameters: plan.parameters.map(({ name, kind }) => ({ name, kind })),
    rows: scan.rows,
    imported: 0,
    infeasible: 0,
    rejected: 0,
    errors: [],
    notes: columnNotes(scan, plan.parameters),
  };
  await new Importer(client, options, plan, scan, report).run();
  return report;
}

interface Row {
  line: number;
  trial: TrialCreate;
}

class Importer {
  readonly #client: OmniReg;
  readonly #options: ImportFileOptions;
  readonly #plan: ImportPlan;
  readonly #scan: CsvScan;
  readonly #report: ImportReport;
  /** Names this run: the n-th batch of it is written once, however often it is sent. */
  readonly #run = randomUUID();
  #batches = 0;
  #done = 0;

  constructor(client: OmniReg, options: ImportFileOptions, plan: ImportPlan, scan: CsvScan, report: ImportReport) {
    this.#client = client;
    this.#options = options;
    this.#plan = plan;
    this.#scan = scan;
    this.#report = report;
  }

  async run(): Promise<void> {
    let batch: Row[] = [];
    let characters = 0;
    for await (const item of readRows(this.#scan)) {
      this.#options.signal?.throwIfAborted();
      const result = 'error' in item ? { errors: [item.error] } : rowToTrial(item, this.#plan);
      if ('errors' in result) {
        this.#reject(result.errors);
        this.#advance(1);
        continue;
      }
      batch.push({ line: item.line, trial: result.trial });
      characters += JSON.stringify(result.trial).length;
      if (batch.length < BATCH_ROWS && characters < BATCH_CHARACTERS) continue;
      await this.#send(batch);
      batch = [];
      characters = 0;
    }
    if (batch.length > 0) await this.#send(batch);
  }

  async #send(rows: Row[]): Promise<void> {
    const studyId = await this.#studyId();
    const { signal } = this.#options;
    const idempotencyKey = `${this.#run}.${this.#batches++}`;
    try {
      const trials = rows.map(({ trial }) => trial);
      const { created, errors } = await this.#client.studies.trials.createBatch(studyId, trials, {
        signal,
        idempotencyKey,
      });
      this.#report.imported += created.length;
      this.#report.infeasible += created.filter(({ row }) => trials[row]?.status === 'infeasible').length;
      const byRow = new Map<number, typeof errors>();
      for (const error of errors) byRow.set(error.row, [...(byRow.get(error.row) ?? []), error]);
      for (const [row, found] of byRow) {
        this.#reject(found.map((error) => fromService(error, rows[row]?.line ?? 0, row)));
      }
      this.#advance(rows.length);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (rows.length === 1) {
        const { line } = rows[0]!;
        this.#reject([{ line, code: error.code, what: error.message, fix: 'Shorten its texts.' }]);
        this.#advance(1);
        return;
      }
      // The service is configured for less than its defaults.
      const half = rows.length >> 1;
      await this.#send(rows.slice(0, half));
      await this.#send(rows.slice(half));
    }
  }

  /** The study is made when there is something to put into it. */
  async #studyId(): Promise<string> {
    if (this.#report.study) return this.#report.study.id;
    const { name, metadata, signal } = this.#options;
    const study = await this.#client.studies.create(
      { name, metadata, objectives: [...this.#report.objectives] },
      { signal, idempotencyKey: `${this.#run}.study` },
    );
    this.#report.study = { id: study.id, name: study.name, created: true };
    return study.id;
  }

  #reject(errors: readonly RowError[]): void {
    this.#report.rejected++;
    const room = KEPT_ERRORS - this.#report.errors.length;
    this.#report.errors.push(...errors.slice(0, Math.max(0, room)));
  }

  #advance(rows: number): void {
    this.#done += rows;
    this.#options.onProgress?.(this.#done, this.#report.rows);
  }
}

function isTooLarge(error: unknown): error is APIError {
  if (!(error instanceof APIError)) return false;
  return error.status === 413 || error.errors.some(({ pointer, code }) => pointer === '/trials' && code === 'too_many');
}

/** The service's pointer /trials/7/x/width names the column "width". */
function fromService(
  error: { pointer: string; code: string; detail: string; fix: string },
  line: number,
  row: number,
): RowError {
  const [, kind, key] = error.pointer.slice(`/trials/${row}`.length).split('/');
  const column = kind === 'x' && key !== undefined ? key.replaceAll('~1', '/').replaceAll('~0', '~') : undefined;
  const { code, detail, fix } = error;
  return { line, ...(column === undefined ? {} : { column }), code, what: detail, fix };
}
