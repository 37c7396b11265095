// Lists of a growing table are read along an index: no statement may scan trials, events or jobs, or sort them.
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { prepareStatements } from '../../store/statements.js';
import { temporaryStore } from './temporary-store.js';

it('scans and sorts no table that grows', () => {
  const { file } = temporaryStore();
  const db = new Sqlite(file, { readonly: true });
  const plans: string[] = [];
  for (const [name, entry] of Object.entries(prepareStatements(db)))
    for (const statement of 'source' in entry ? [entry] : Object.values(entry)) {
      // Binding by name or by place matters not to a plan: parameters are replaced by a constant.
      const sql = (statement as { source: string }).source.replace(/@\w+|\?/g, '1');
      const plan = db.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all();
      plans.push(...plan.map(({ detail }) => `${name}: ${detail}`));
    }
  db.close();
  expect(plans.length).toBeGreaterThan(30);
  // The scans that are meant: all studies of a job over "all", and a job count over a covering index.
  const meant = [
    'studiesWithTrials: SCAN studies',
    'countJobs: SCAN jobs USING COVERING INDEX jobs_by_status',
    'ping: ',
    // Of the values that are inserted.
    'insertTrialTexts: SCAN 20-ROW VALUES CLAUSE',
    // The studies of one job that has not ended, of which there are a few.
    'jobOnStudy: SCAN json_each',
    // Only those that were deleted and are not yet emptied.
    'studyToPurge: SCAN studies USING COVERING INDEX studies_to_purge',
    // A handful of keys, looked through when one of scope admin is deleted.
    'otherAdminKey: SCAN api_keys',
    'anyKey: SCAN api_keys',
  ];
  const bad = plans.filter((plan) => /SCAN|TEMP B-TREE/.test(plan) && !meant.some((ok) => plan.startsWith(ok)));
  expect(bad).toEqual([]);
});
