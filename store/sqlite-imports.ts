// Imports in SQLite: rows and how far they bring an import are written together, many thousands at a time.
import { StoreError } from './errors.js';
import { newId } from './ids.js';
import { toImport, toReject } from './rows.js';
import type { Connection } from './sqlite-connection.js';
import { newStudyRow } from './sqlite-studies.js';
import { type ImportRow, TRIALS_AT_ONCE, type TrialValues } from './statements.js';
import type { ImportStore } from './store.js';
import type { ImportStep, NewStudy, TrialStatus, TrialText } from './types.js';

/** Values of one trial. */
const COLUMNS = 10;

export function importMethods(connection: Connection): ImportStore {
  const { sql } = connection;

  function importRow(id: string): ImportRow {
    const row = sql.importById.get(id);
    if (row === undefined) throw new StoreError('import_not_found', id);
    return row;
  }

  function madeStudy(study: NewStudy): number {
    return Number(sql.insertStudy.run(newStudyRow(newId('study'), study)).lastInsertRowid);
  }

  /** @returns how many of each status */
  function insertTrials(study: number, trials: readonly TrialText[]): Record<TrialStatus, number> {
    const counts: Record<TrialStatus, number> = { completed: 0, running: 0, infeasible: 0 };
    const now = Date.now();
    let finishSeq = sql.lastFinishSeq.get()!.seq;
    let values: TrialValues[number][] = [];
    for (const { status, x, y, infeasibleReason, metadata } of trials) {
      counts[status]++;
      const [place, at] = status === 'running' ? [null, null] : [++finishSeq, now];
      values.push(newId('trial', now), study, status, x, y, infeasibleReason, metadata, place, now, at);
      if (values.length === TRIALS_AT_ONCE * COLUMNS) {
        sql.insertTrialTexts.run(values);
        values = [];
      }
    }
    for (let i = 0; i < values.length; i += COLUMNS)
      sql.insertTrialText.run(...(values.slice(i, i + COLUMNS) as TrialValues));
    sql.setFinishSeq.run(finishSeq);
    sql.countTrials.run({ study, ...counts });
    return counts;
  }

  function step(id: string, { from, to, trials, rejects, plan, study, end }: ImportStep): ImportRow {
    const row = importRow(id);
    if (row.status === 'completed' || row.status === 'cancelled')
      throw new StoreError('import_not_open', id, `${id} is ${row.status}`);
    // Two that send to one import at once can't both be right: the second finds that it has moved, and writes nothing.
    if (row.bytes !== from) throw new StoreError('import_moved', id, `${id} is at byte ${row.bytes}, not at ${from}`);
    if (row.study !== null && row.study_id === null) throw new StoreError('study_not_found', `the study of ${id}`);
    const now = Date.now();
    const into = row.study ?? (trials.length > 0 && study ? madeStudy(study) : null);
    const counts =
      into === null || trials.length === 0 ? { completed: 0, running: 0, infeasible: 0 } : insertTrials(into, trials);
    for (const { place, line, start, bytes, errors } of rejects)
      sql.insertReject.run(row.row, place, line, start, bytes, JSON.stringify(errors));
    sql.stepImport.run({
      row: row.row,
      status: end?.status ?? 'open',
      study: into,
      plan: plan === null ? row.plan : JSON.stringify(plan),
      ...to,
      imported: trials.length,
      infeasible: counts.infeasible,
      rejected: rejects.length,
      error: end?.status === 'failed' ? JSON.stringify(end.error) : null,
      now,
      finished_at: end ? now : null,
    });
    return importRow(id);
  }

  return {
    async createImport({ request, source, studyId, plan, key }, once) {
      return connection.writeOnce(once, () => {
        const study = studyId === null ? undefined : sql.studyById.get(studyId);
        if (studyId !== null && study === undefined) throw new StoreError('study_not_found', studyId);
        const id = newId('imp');
        sql.insertImport.run({
          id,
          request: JSON.stringify(request),
          source,
          key: key?.value ?? null,
          request_hash: key?.requestHash ?? null,
          study: study?.row ?? null,
          plan: plan === null ? null : JSON.stringify(plan),
          now: Date.now(),
        });
        return toImport(importRow(id));
      });
    },

    async getImport(id) {
      const row = sql.importById.get(id);
      return row === undefined ? null : toImport(row);
    },

    async importOfKey(key) {
      const row = sql.importByKey.get(key);
      return row === undefined ? null : { import: toImport(row), requestHash: row.request_hash! };
    },

    async listImports(request, filter) {
      const pages = !filter ? sql.imports : 'status' in filter ? sql.importsByStatus : sql.importsBySource;
      return connection.page(pages, request, { ...filter }, (id) => sql.importById.get(id), toImport);
    },

    async stepImport(id, given) {
      return toImport(await connection.write(() => step(id, given)));
    },

    async cancelImport(id, once) {
      return connection.writeOnce(once, () => {
        const { row, status } = importRow(id);
        if (status === 'completed') throw new StoreError('import_not_open', id, `${id} is ${status}`);
        const now = Date.now();
        if (status !== 'cancelled') sql.cancelImport.run(now, now, row);
        return toImport(importRow(id));
      });
    },

    async listRejects(id, { after, limit }) {
      const rows = sql.rejects.all(importRow(id).row, after, limit + 1);
      return { data: rows.slice(0, limit).map(toReject), hasMore: rows.length > limit };
    },
  };
}
