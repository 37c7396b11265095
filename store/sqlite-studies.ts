// Studies and their trials in SQLite.
import { StoreError } from './errors.js';
import { newId } from './ids.js';
import { joinOutcomes, toFinishedTrial, toOutcomes, toStudy, toTrial } from './rows.js';
import { type Connection, takeRows } from './sqlite-connection.js';
import type { StudyRow } from './statements.js';
import type { StudyStore, TrialStore } from './store.js';
import type { NewStudy, NewTrial, Outcomes, Trial, TrialStatus } from './types.js';

/** Rows of `outcomes` that are in memory as text at once. */
const OUTCOMES_PAGE = 20_000;

export function studyMethods(connection: Connection): StudyStore & TrialStore {
  const { sql } = connection;

  function studyRow(id: string): StudyRow {
    const row = sql.studyById.get(id);
    if (row === undefined) throw new StoreError('study_not_found', id);
    return row;
  }

  /** Bumps the version even when nothing is counted: every trial write makes a new version. */
  function countTrials(study: number, change: Partial<Record<TrialStatus, number>>): void {
    sql.countTrials.run({ study, completed: 0, running: 0, infeasible: 0, ...change });
  }

  /** A job reads its studies while it runs: they must be what they were when it was made. */
  function refuseInUse(id: string): void {
    const job = sql.jobOnStudy.get(id);
    if (job !== undefined) throw new StoreError('study_in_use', id, `${id}, by ${job.id}`);
  }

  const lastFinishSeq = () => sql.lastFinishSeq.get()!.seq;

  return {
    async createStudy(study, once) {
      return connection.writeOnce(once, () => {
        const id = newId('study');
        sql.insertStudy.run(newStudyRow(id, study));
        return toStudy(studyRow(id));
      });
    },

    async getStudy(id) {
      const row = sql.studyById.get(id);
      return row === undefined ? null : toStudy(row);
    },

    async updateStudy(id, change, expect) {
      return connection.write(() => {
        const row = studyRow(id);
        const study = toStudy(row);
        expect?.(study);
        const { name = study.name, metadata = study.metadata } = change;
        const space = change.searchSpace === undefined ? (study.searchSpace ?? null) : change.searchSpace;
        const written = JSON.stringify(metadata);
        const revised = name !== row.name || written !== row.metadata;
        if (revised) refuseInUse(id);
        const search_space = space && JSON.stringify(space);
        sql.updateStudy.run({ row: row.row, name, metadata: written, search_space, revised: revised ? 1 : 0 });
        return toStudy(studyRow(id));
      });
    },

    async deleteStudy(id, expect) {
      await connection.write(() => {
        const row = studyRow(id);
        expect?.(toStudy(row));
        refuseInUse(id);
        sql.deleteStudy.run(row.row);
      });
    },

    async purgeStudies(limit) {
      return connection.write(() => {
        const study = sql.studyToPurge.get()?.row;
        if (study === undefined) return false;
        if (sql.purgeTrials.run(study, limit).changes === limit) return true;
        sql.forgetStudy.run(study);
        sql.emptyStudy.run(study);
        return sql.studyToPurge.get() !== undefined;
      });
    },

    async listStudies(request, filter = {}) {
      const { name } = filter;
      const byName = name !== undefined;
      return connection.page(
        byName ? sql.studiesByName : sql.studies,
        request,
        byName ? { name } : {},
        (id) => sql.studyCursor.get(id),
        toStudy,
      );
    },

    async createTrials(studyId, trials, once) {
      return connection.writeOnce(once, () => {
        const study = studyRow(studyId);
        const now = Date.now();
        let finishSeq = lastFinishSeq();
        const counts: Record<TrialStatus, number> = { completed: 0, running: 0, infeasible: 0 };
        const created = trials.map((trial) => {
          counts[trial.status]++;
          const row = newTrialRow(trial, now);
          sql.insertTrial.run({
            ...row,
            study: study.row,
            finish_seq: trial.status === 'running' ? null : ++finishSeq,
          });
          return toTrial(row, studyId);
        });
        sql.setFinishSeq.run(finishSeq);
        if (created.length > 0) countTrials(study.row, counts);
        return created;
      });
    },

    async getTrial(studyId, trialId) {
      const study = sql.studyById.get(studyId);
      const row = study && sql.trialById.get(trialId, study.row);
      return row === undefined ? null : toTrial(row, studyId);
    },

    async listTrials(studyId, request, filter = {}) {
      const study = studyRow(studyId).row;
      const { status } = filter;
      return connection.page(
        status === undefined ? sql.trials : sql.trialsByStatus,
        request,
        status === undefined ? { study } : { study, status },
        (id) => sql.trialById.get(id, study),
        (row) => toTrial(row, studyId),
      );
    },

    async finishTrial(studyId, trialId, outcome, once, expect) {
      return connection.writeOnce(once, (): Trial => {
        const study = studyRow(studyId);
        const trial = sql.trialById.get(trialId, study.row);
        if (trial === undefined) throw new StoreError('trial_not_found', trialId);
        expect?.(toTrial(trial, studyId));
        if (trial.status !== 'running')
          throw new StoreError('trial_already_finished', trialId, `${trialId} is ${trial.status}`);
        const result = {
          status: outcome.status,
          y: outcome.status === 'completed' ? JSON.stringify(outcome.y) : null,
          infeasible_reason: outcome.status === 'infeasible' ? outcome.reason : null,
          completed_at: Date.now(),
        };
        const finishSeq = lastFinishSeq() + 1;
        sql.finishTrial.run({ ...result, row: trial.row, finish_seq: finishSeq });
        sql.setFinishSeq.run(finishSeq);
        countTrials(study.row, { running: -1, [outcome.status]: 1 });
        return toTrial({ ...trial, ...result }, studyId);
      });
    },

    async finishedTrials(studyId, range) {
      const { after = 0, until = Number.MAX_SAFE_INTEGER, limit, order = 'asc' } = range;
      const study = studyRow(studyId).row;
      const found = sql.finishedTrials[order].iterate({ study, after, until, limit });
      return takeRows(found, limit, range.characters ?? Number.POSITIVE_INFINITY).rows.map(toFinishedTrial);
    },

    async outcomes(studyId, until) {
      const { row, objectives } = studyRow(studyId);
      const pages: Outcomes[] = [];
      for (let after = 0; ; ) {
        const found = sql.outcomes.all(row, after, until, OUTCOMES_PAGE);
        pages.push(toOutcomes(found, JSON.parse(objectives).length));
        if (found.length < OUTCOMES_PAGE) return joinOutcomes(pages);
        after = found.at(-1)!.finish_seq;
      }
    },

    async trialsAt(studyId, finishSeqs) {
      const study = studyRow(studyId).row;
      return Array.from(finishSeqs, (seq) => {
        const row = sql.trialAt.get(seq, study);
        if (row === undefined)
          throw new StoreError('trial_not_found', studyId, `${studyId}: number ${seq} in order of finish`);
        return toFinishedTrial(row);
      });
    },
  };
}

export function newStudyRow(id: string, study: NewStudy) {
  return {
    id,
    name: study.name,
    metadata: JSON.stringify(study.metadata),
    objectives: JSON.stringify(study.objectives),
    search_space: study.searchSpace ? JSON.stringify(study.searchSpace) : null,
    created_at: Date.now(),
  };
}

function newTrialRow(trial: NewTrial, now: number) {
  return {
    id: newId('trial', now),
    status: trial.status,
    x: JSON.stringify(trial.x),
    y: trial.y === null ? null : JSON.stringify(trial.y),
    infeasible_reason: trial.infeasibleReason,
    metadata: JSON.stringify(trial.metadata),
    created_at: now,
    completed_at: trial.status === 'running' ? null : now,
  };
}
