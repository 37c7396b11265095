// Takes jobs from the store and runs each in a process of its own, a few at a time.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../store/store.js';
import type { Job, Lease } from '../../store/types.js';
import type { Artifacts } from '../artifacts.js';
import type { ServiceConfig } from '../config.js';
import type { JobErrorCode } from '../errors.js';
import { BASE_ID } from '../prediction/base-model.js';
import type { JobRunner } from '../services.js';
import { JobProcess } from './job-process.js';

export interface SupervisorOptions {
  store: Store;
  artifacts: Artifacts;
  config: ServiceConfig;
  /** Folder of the model that trainings without a parent start from; null: from random weights. */
  baseDir: string | null;
  databaseFile: string;
  /** Folder of the jobs' scratch folders. */
  jobsDir: string;
  log: (message: string, error?: unknown) => void;
}

/** Between two looks for jobs that nobody woke us for: those of a server that was killed. In ms. */
const LOOK_MS = 1000;

export class JobSupervisor implements JobRunner {
  private readonly running = new Map<string, JobProcess>();
  private readonly changes = new EventEmitter();
  /** Names this server in its leases. */
  private readonly owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private stopped = false;

  constructor(private readonly options: SupervisorOptions) {
    // One listener per open event stream.
    this.changes.setMaxListeners(0);
  }

  /** Begins to take jobs. */
  start(): void {
    this.timer = setInterval(() => this.wake(), LOOK_MS);
    this.wake();
    this.sweep().catch((error: unknown) => this.options.log('removing old scratch folders failed', error));
    this.sweepModels().catch((error: unknown) => this.options.log('removing files of deleted models failed', error));
  }

  wake(): void {
    if (this.stopped) return;
    if (this.looking !== undefined) {
      this.lookAgain = true;
      return;
    }
    this.looking = this.takeJobs()
      .catch((error: unknown) => this.options.log('taking jobs failed', error))
      .finally(() => {
        this.looking = undefined;
        if (!this.lookAgain) return;
        this.lookAgain = false;
        this.wake();
      });
  }

  cancel(jobId: string): void {
    this.running.get(jobId)?.stop('cancel');
    this.changes.emit(jobId);
  }

  subscribe(jobId: string, onChange: () => void): () => void {
    this.changes.on(jobId, onChange);
    return () => this.changes.off(jobId, onChange);
  }

  /** Takes no more jobs, and stops those that run after a checkpoint; they are taken up at the next start. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.looking;
    const processes = [...this.running.values()];
    for (const process of processes) process.stop('drain');
    await Promise.all(processes.map(({ ended }) => ended));
  }

  /** Removes the scratch of jobs that have ended: a server killed between the two leaves it behind. */
  private async sweep(): Promise<void> {
    const { store, jobsDir } = this.options;
    if (!existsSync(jobsDir)) return;
    for (const id of await readdir(jobsDir)) {
      const job = await store.getJob(id);
      // What is no job's is not ours to remove.
      if (job !== null && job.finishedAt !== null) await rm(join(jobsDir, id), { recursive: true, force: true });
    }
  }

  /** Removes files of models that were deleted, or of trainings that made none: a server killed between the two leaves them. */
  private async sweepModels(): Promise<void> {
    const { store, artifacts } = this.options;
    for (const name of await artifacts.list()) {
      if (!name.startsWith('model_')) continue;
      // What is no job's is not ours to remove, and what belongs to one under way is still needed. The job is read before its
      // model, as both are written together.
      const job = await store.getJob(name.replace('model_', 'ftjob_'));
      if (job === null || job.finishedAt === null || (await store.getModel(name)) !== null) continue;
      await artifacts.remove(name);
    }
  }

  private async takeJobs(): Promise<void> {
    const { store, config } = this.options;
    while (!this.stopped && this.running.size < config.concurrentJobs) {
      const claim = await store.claimJob(this.owner, config.jobLeaseMs);
      if (claim === null) return;
      await this.run(claim.job, claim.lease);
    }
  }

  private async run(job: Job, lease: Lease): Promise<void> {
    const { store, artifacts, config, baseDir, databaseFile, jobsDir, log } = this.options;
    try {
      const parent = job.parent === null ? null : await store.getModel(job.parent);
      const parentDir = job.parent === null ? baseDir : parent === null ? null : await artifacts.open(parent.directory);
      const needed = job.parent !== null || job.kind === 'evaluation';
      if (needed && (parentDir === null || !existsSync(parentDir))) {
        const code: JobErrorCode = 'model_missing';
        const message = `The files of ${job.parent ?? BASE_ID}, the model to start from, are not there; name another, or for a training "base"`;
        await store.finishJob(lease, { status: 'failed', code, message });
        this.changes.emit(job.id);
        return;
      }
      // A training makes one model, so its later attempts find, and replace, what an earlier one left unregistered.
      const modelId = job.id.replace('ftjob_', 'model_');
      const directory = artifacts.nameFor(modelId);
      const outDir = await artifacts.prepare(directory);
      const process = new JobProcess({
        store,
        lease,
        start: { job, databaseFile, parentDir, outDir, workDir: join(jobsDir, job.id), device: config.device },
        model: { id: modelId, directory, base: parent === null ? null : (parent.base ?? parent.id) },
        leaseMs: config.jobLeaseMs,
        stopMs: config.jobStopMs,
        onChange: () => this.changes.emit(job.id),
        log,
      });
      this.running.set(job.id, process);
      void process.ended.then(() => {
        this.running.delete(job.id);
        this.changes.emit(job.id);
        this.wake();
      });
      this.changes.emit(job.id);
    } catch (error) {
      log(`job ${job.id} could not be started`, error);
      const code: JobErrorCode = job.kind === 'evaluation' ? 'evaluation_failed' : 'training_failed';
      const message = error instanceof Error ? error.message : String(error);
      await store.finishJob(lease, { status: 'failed', code, message });
    }
  }
}
