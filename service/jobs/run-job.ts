// Entry of a job's process: reads the job's trials, trains or evaluates, and tells the supervisor. Started by fork only.
import { mkdir } from 'node:fs/promises';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { Store } from '../../store/store.js';
import type { JobKind } from '../../store/types.js';
import type { StudySource, TrainRequest } from '../../trainer/types.js';
import type { JobErrorCode } from '../errors.js';
import { studySources } from '../study-data.js';
import { evaluationRequest } from './evaluation-job.js';
import type { FromJob, JobStart, ToJob } from './messages.js';
import { lockWorkDir } from './work-dir-lock.js';

// ONNX Runtime reads this when it is loaded, which is not before train.js is imported below.
process.env.ORT_DISABLE_TELEMETRY = '1';

const stopping = new AbortController();

// Ctrl-C in a terminal reaches every process of the group; only the server decides when a training stops.
process.on('SIGINT', () => {});
// Without its server nobody keeps the lease: another process will take the job up from its checkpoint.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToJob) => {
  if (message.type === 'stop') stopping.abort();
  else void run(message.start);
});

async function run(start: JobStart): Promise<void> {
  try {
    await mkdir(start.workDir, { recursive: true });
    lockWorkDir(start.workDir);
    const store = openSqliteStore({ file: start.databaseFile, readonly: true });
    const verdict = await WORK[start.job.kind](store, start);
    await store.close();
    await sendLast(verdict);
  } catch (error) {
    await sendLast(stopping.signal.aborted && isAbort(error) ? { type: 'stopped' } : failure(error, start.job.kind));
  }
}

const hooks = {
  onEvent: (event: Extract<FromJob, { type: 'event' }>['event']) => send({ type: 'event', event }),
  signal: stopping.signal,
};

const WORK: Record<JobKind, (store: Store, start: JobStart) => Promise<FromJob>> = {
  async fine_tuning(store, start) {
    const { train } = await import('../../trainer/train.js');
    return { type: 'done', result: await train(await trainRequest(store, start), hooks) };
  },
  async evaluation(store, start) {
    const { evaluate } = await import('../../trainer/evaluation/evaluate.js');
    return { type: 'evaluated', report: await evaluate(await evaluationRequest(store, start), hooks) };
  },
};

async function trainRequest(store: Store, start: JobStart): Promise<TrainRequest> {
  const { job, parentDir, outDir, workDir, device } = start;
  const studies: StudySource[] = [];
  send({ type: 'event', event: { type: 'phase', phase: 'prepare', message: 'Reading what was measured' } });
  for (const id of job.studies) {
    const study = await store.getStudy(id);
    if (study === null) throw new Error(`${id} is no longer in the database`);
    studies.push(...(await studySources(store, study, job.snapshot)));
  }
  const config = { device, ...job.hyperparameters, seed: job.seed };
  return { studies, outDir, workDir, config, ...(parentDir === null ? {} : { parentDir }) };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function failure(error: unknown, kind: JobKind): FromJob {
  const unexpected: JobErrorCode = kind === 'evaluation' ? 'evaluation_failed' : 'training_failed';
  if (!(error instanceof Error)) return { type: 'failed', code: unexpected, message: String(error) };
  // The trainer's own errors carry a code and a message for people; of others the log gets the stack.
  const isTrainerError = error.name === 'TrainerError' && 'code' in error;
  if (!isTrainerError) process.stderr.write(`${error.stack}\n`);
  return { type: 'failed', code: isTrainerError ? String(error.code) : unexpected, message: error.message };
}

function send(message: FromJob): void {
  process.send?.(message);
}

/** The last word: the process ends as soon as it is said. */
async function sendLast(message: FromJob): Promise<void> {
  await new Promise((resolve) => process.send?.(message, resolve));
  process.exit(0);
}
