// Ten million trials on disk: how long what the API asks of the store takes, beside the same with ten thousand.
// Usage: npm run bench:store [-- --trials 10000000]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backupDatabase } from '../../store/backup.js';
import { checkIntegrity } from '../../store/integrity.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { Store } from '../../store/store.js';
import type { TrialStatus, TrialText } from '../../store/types.js';

const { values: options } = parseArgs({ options: { trials: { type: 'string', default: '10000000' } } });
const STEP = 2000;
const ASKED = 200;
const folder = mkdtempSync(join(tmpdir(), 'omnireg-bench-store-'));

const made = <T>(written: { replayed: false; value: T } | { replayed: true }): T => {
  if (written.replayed) throw new Error('nothing is asked for twice');
  return written.value;
};

/** Of a hundred trials one failed, and of a hundred thousand one is still under way. */
function statusOf(i: number): TrialStatus {
  return i % 100_000 === 7 ? 'running' : i % 100 === 3 ? 'infeasible' : 'completed';
}

function trialText(i: number): TrialText {
  const status = statusOf(i);
  const x = `{"run":${i},"rate":${(i % 977) / 977},"layers":${i % 12},"optimizer":"adam","width":${64 * (i % 16)},"warm":${i % 2 === 0}}`;
  return {
    status,
    x,
    y: status === 'completed' ? `[${(i % 7919) / 7919}]` : null,
    infeasibleReason: null,
    metadata: '{}',
  };
}

/** Three studies, one with most of the trials; written as imports write. */
async function fill(file: string, trials: number): Promise<{ store: Store; study: string; seconds: number }> {
  const bulk = openSqliteStore({ file, bulk: true });
  const studies = [];
  for (const name of ['small', 'large', 'other'])
    studies.push(made(await bulk.createStudy({ name, metadata: {}, objectives: [{ name: 'loss' }] })));
  const started = performance.now();
  for (const [i, study] of studies.entries()) {
    const count = i === 1 ? trials : Math.ceil(trials / 10);
    const { id } = made(
      await bulk.createImport({ request: {}, source: null, studyId: study.id, plan: null, key: null }),
    );
    for (let at = 0; at < count; at += STEP) {
      const texts = Array.from({ length: Math.min(STEP, count - at) }, (_, k) => trialText(at + k));
      const to = { bytes: at + texts.length, checksum: 0, line: at + texts.length + 1, rows: at + texts.length };
      await bulk.stepImport(id, { from: at, to, trials: texts, rejects: [], plan: null, study: null });
    }
  }
  const seconds = (performance.now() - started) / 1000;
  await bulk.close();
  return { store: openSqliteStore({ file }), study: studies[1]!.id, seconds };
}

async function timed(work: (turn: number) => Promise<unknown>, turns = ASKED): Promise<string> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const started = performance.now();
    await work(turn);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (p: number) => times[Math.min(times.length - 1, Math.floor(p * times.length))]!.toFixed(2);
  return turns === 1 ? at(0) : `${at(0.5)} / ${at(0.99)}`;
}

async function measure(trials: number): Promise<Map<string, string>> {
  const file = join(folder, `${trials}.sqlite`);
  const { store, study, seconds } = await fill(file, trials);
  const all = Math.ceil(trials * 1.2);
  const found = new Map<string, string>([
    ['trials', all.toLocaleString('en-US')],
    ['rows/s written', Math.round(all / seconds).toLocaleString('en-US')],
  ]);
  // Ids from all over the study, to list behind.
  const first = Math.ceil(trials / 10);
  const places = await Promise.all(
    Array.from({ length: ASKED }, (_, i) =>
      store.finishedTrials(study, { after: first + Math.floor((0.98 * i * trials) / ASKED), limit: 1 }),
    ),
  );
  const idOf = (turn: number) => places[turn % ASKED]![0]!.id;
  const page = (more: object) => (turn: number) =>
    store.listTrials(study, { limit: 100, order: 'asc', after: idOf(turn), ...more });
  found.set('a trial', await timed((turn) => store.getTrial(study, idOf(turn))));
  found.set('100 trials behind any', await timed(page({})));
  found.set('the newest 100', await timed(() => store.listTrials(study, { limit: 100, order: 'desc' })));
  for (const status of ['completed', 'infeasible', 'running'] as const)
    found.set(
      `100 ${status} behind any`,
      await timed((turn) => store.listTrials(study, { limit: 100, order: 'asc', after: idOf(turn) }, { status })),
    );
  found.set(
    'the latest 20,000 finished',
    await timed(() => store.finishedTrials(study, { limit: 20_000, order: 'desc' }), 10),
  );
  found.set('studies', await timed(() => store.listStudies({ limit: 100, order: 'desc' })));
  found.set('imports', await timed(() => store.listImports({ limit: 100, order: 'desc' })));
  const trial = { status: 'completed' as const, x: { run: -1 }, y: [1], infeasibleReason: null, metadata: {} };
  found.set('add a trial', await timed(() => store.createTrials(study, [trial])));
  const { data: running } = await store.listTrials(study, { limit: 1000, order: 'asc' }, { status: 'running' });
  const ends = Math.min(running.length, ASKED);
  if (ends > 1)
    found.set(
      'finish a trial',
      await timed((turn) => store.finishTrial(study, running[turn]!.id, { status: 'completed', y: [2] }), ends),
    );
  await store.close();
  found.set('GB on disk', (statSync(file).size / 1e9).toFixed(2));
  found.set('backup, ms', await timed(() => backupDatabase(file, `${file}.copy`), 1));
  found.set(
    'integrity check, ms',
    await timed(async () => {
      const { problems } = checkIntegrity(file);
      if (problems.length > 0) throw new Error(problems.join('; '));
    }, 1),
  );
  return found;
}

try {
  const [small, large] = [await measure(10_000), await measure(Number(options.trials))];
  console.log(`ms, median / 99th of 100; load ${loadavg()[0]!.toFixed(1)}\n\n| | | |\n| --- | --- | --- |`);
  for (const [name, value] of large) console.log(`| ${name} | ${small.get(name) ?? '–'} | ${value} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
