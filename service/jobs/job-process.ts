// One attempt at one job: its process, its lease, its events, and its end.
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { StoreError } from '../../store/errors.js';
import type { Store } from '../../store/store.js';
import type { JobOutcome, JobProgress, JsonObject, Lease, NewJobEvent, NewModel } from '../../store/types.js';
import type { TrainResult } from '../../trainer/types.js';
import { entryPoint } from '../entry-point.js';
import type { JobErrorCode } from '../errors.js';
import { describeReport } from './evaluation-job.js';
import { type FromJob, JOB_NODE_FLAGS, type JobStart, type ToJob } from './messages.js';
import { progressOf, toJobEvent } from './train-events.js';

export interface JobProcessOptions {
  store: Store;
  lease: Lease;
  start: JobStart;
  /** The model to register if the training makes one; `base` counts if that is an adapter. */
  model: NewModel;
  leaseMs: number;
  stopMs: number;
  /** The job has new events, or has ended. */
  onChange: () => void;
  log: (message: string, error?: unknown) => void;
}

/** Events are written together this often, in ms: a commit each would cost more than the training's own bookkeeping. */
const FLUSH_MS = 500;
/** What a process said last on stderr, for the error of a crash. */
const LAST_WORDS = 2000;

type Verdict = Exclude<FromJob, { type: 'event' }>;

export class JobProcess {
  private readonly child: ChildProcess;
  private events: NewJobEvent[] = [];
  private progress: JobProgress | undefined;
  private verdict: Verdict | undefined;
  private lastWords = '';
  /** Why the process was told to stop. */
  private stopping: 'cancel' | 'drain' | undefined;
  private leaseLost = false;
  private readonly timers: NodeJS.Timeout[] = [];
  /** Writes to the store, one after the other. */
  private writing: Promise<void> = Promise.resolve();
  /** Settles when the process is gone and its end is written. */
  readonly ended: Promise<void>;

  constructor(private readonly options: JobProcessOptions) {
    this.child = fork(entryPoint('service/jobs/run-job'), [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      execArgv: JOB_NODE_FLAGS,
    });
    this.child.on('message', (message: FromJob) => this.receive(message));
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.lastWords = (this.lastWords + chunk.toString()).slice(-LAST_WORDS);
    });
    this.ended = new Promise((resolve) => {
      // "close" comes after stderr and IPC have been read to their ends; "error" where it could not even start.
      this.child.once('error', (error) => {
        this.lastWords += error.message;
        resolve(this.finish(null, null));
      });
      this.child.once('close', (code, signal) => resolve(this.finish(code, signal)));
    });
    this.timers.push(
      setInterval(() => this.flush(), FLUSH_MS),
      setInterval(() => this.heartbeat(), Math.max(1, options.leaseMs / 3)),
    );
    this.send({ type: 'start', start: options.start });
  }

  get jobId(): string {
    return this.options.lease.jobId;
  }

  /** Asks the process to stop after its present steps: `cancel` ends the job, `drain` leaves it to be taken up again. */
  stop(reason: 'cancel' | 'drain'): void {
    // Cancelling wins over draining: a cancelled job is not to come back.
    if (this.stopping === undefined) {
      this.send({ type: 'stop' });
      this.after(this.options.stopMs, () => this.child.kill('SIGTERM'));
      this.after(this.options.stopMs * 1.5, () => this.child.kill('SIGKILL'));
    }
    if (this.stopping !== 'cancel') this.stopping = reason;
  }

  private receive(message: FromJob): void {
    if (message.type !== 'event') {
      this.verdict = message;
      return;
    }
    this.events.push(toJobEvent(message.event));
    this.progress = progressOf(message.event, this.options.start.job.kind) ?? this.progress;
  }

  private flush(): void {
    if (this.events.length === 0) return;
    const { events, progress } = this;
    this.events = [];
    this.write(() => this.options.store.appendEvents(this.options.lease, events, progress));
  }

  private heartbeat(): void {
    const { store, lease, leaseMs } = this.options;
    this.write(async () => {
      const { cancelRequested } = await store.renewLease(lease, leaseMs);
      // Another server may have been asked to cancel.
      if (cancelRequested) this.stop('cancel');
    });
  }

  /** Queues a write under the lease; when the lease is lost, the process has no business any more. */
  private write(work: () => Promise<unknown>): void {
    this.writing = this.writing
      .then(async () => {
        if (this.leaseLost) return;
        await work();
        this.options.onChange();
      })
      .catch((error: unknown) => {
        this.options.log(`job ${this.jobId}: writing failed`, error);
        if (!(error instanceof StoreError && error.code === 'lease_lost')) return;
        this.leaseLost = true;
        this.child.kill('SIGKILL');
      });
  }

  private async finish(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.flush();
    const { store, lease, start } = this.options;
    const end = this.outcome(code, signal);
    this.write(() => (end === 'release' ? store.releaseJob(lease) : store.finishJob(lease, end)));
    await this.writing;
    if (end !== 'release' && !this.leaseLost) await this.removeScratch(start.workDir);
  }

  private async removeScratch(workDir: string): Promise<void> {
    await rm(workDir, { recursive: true, force: true }).catch((error: unknown) => {
      this.options.log(`job ${this.jobId}: ${workDir} could not be removed`, error);
    });
  }

  private outcome(code: number | null, signal: NodeJS.Signals | null): JobOutcome | 'release' {
    const { verdict } = this;
    // What was finished before the stop was heard counts.
    if (verdict?.type === 'done') return this.succeeded(verdict.result);
    if (verdict?.type === 'evaluated') {
      const { report } = verdict;
      return {
        status: 'succeeded',
        outcome: 'evaluated',
        reason: describeReport(report),
        report: report as unknown as JsonObject,
      };
    }
    if (this.stopping === 'cancel') return { status: 'cancelled' };
    if (this.stopping === 'drain') return 'release';
    if (verdict?.type === 'failed') return { status: 'failed', code: verdict.code, message: verdict.message };
    const isEvaluation = this.options.start.job.kind === 'evaluation';
    const crash: JobErrorCode = isEvaluation ? 'evaluation_crashed' : 'training_crashed';
    const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
    const words = this.lastWords.trim() === '' ? '' : `; its last words: ${this.lastWords.trim()}`;
    return {
      status: 'failed',
      code: crash,
      message: `The ${isEvaluation ? 'evaluation' : 'training'}'s process ${how}${words}`,
    };
  }

  private succeeded({ outcome, reason, adapter, metrics, config }: TrainResult): JobOutcome {
    const { model } = this.options;
    return { status: 'succeeded', outcome, reason, metrics, config, model: adapter ? model : { ...model, base: null } };
  }

  private send(message: ToJob): void {
    // A process that is already gone cannot be told anything; its end is seen by "close".
    if (this.child.connected) this.child.send(message, () => {});
  }

  private after(ms: number, action: () => void): void {
    this.timers.push(setTimeout(action, ms));
  }
}
