// Writes that come in the same moment share one transaction, and so one wait for the disk; each stands or falls by itself.
import type { Database } from 'better-sqlite3';

interface Waiting {
  work: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  /** By `performance.now`. */
  since: number;
}

type Outcome = { value: unknown } | { error: unknown };

/** While another process writes, this one looks again after so many ms, and does something else meanwhile. */
const AGAIN_MS = 5;
/** A transaction takes on no more work after so many ms: readers have a turn in between. */
const TURN_MS = 20;
/** How long a look itself may wait: the thread stands still for it. */
const LOOK_MS = 2;

export class GroupCommit {
  private waiting: Waiting[] = [];
  private closing = false;
  /** Takes back the next look at what waits; undefined where none is to come. */
  private cancelNext: (() => void) | undefined;

  /** @param patienceMs how long a write waits for those of other processes, in ms */
  constructor(
    private readonly db: Database,
    private readonly patienceMs: number,
  ) {}

  /**
   * Does the work inside a transaction.
   * @returns what it returned, when that is on disk
   * @throws what it threw, and nothing of it is kept; or the database's error where the transaction failed
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = performance.now();
      this.waiting.push({ work, resolve: resolve as Waiting['resolve'], reject, since });
      // At the end of this turn of the event loop: what other requests of this turn want to write comes along.
      this.commitSoon();
    });
  }

  /** Writes what waits. Nothing may be written after it. */
  close(): void {
    if (!this.db.open) return;
    // Nobody else has a turn any more: now it may stand still.
    this.closing = true;
    while (this.waiting.length > 0) this.commit();
    this.stopWaiting();
  }

  private commit(): void {
    this.stopWaiting();
    const batch = this.waiting;
    this.waiting = [];
    let outcomes: Outcome[];
    try {
      // Reads go on being patient: they hardly ever have to be.
      if (!this.closing) this.db.pragma(`busy_timeout = ${Math.min(LOOK_MS, this.patienceMs)}`);
      // Immediate: taking the write lock first, a transaction can wait for another process's but never collide with it halfway.
      outcomes = this.db.transaction(() => this.doAll(batch)).immediate();
    } catch (error) {
      if (isBusy(error)) this.waitFor(batch, error);
      else for (const { reject } of batch) reject(error);
      return;
    } finally {
      this.db.pragma(`busy_timeout = ${this.patienceMs}`);
    }
    outcomes.forEach((outcome, i) => {
      if ('error' in outcome) batch[i]!.reject(outcome.error);
      else batch[i]!.resolve(outcome.value);
    });
    this.waiting.unshift(...batch.slice(outcomes.length));
    if (this.waiting.length > 0) this.commitSoon();
  }

  /** Outcomes of the first works, of one at least. */
  private doAll(batch: readonly Waiting[]): Outcome[] {
    const outcomes: Outcome[] = [];
    const begun = performance.now();
    for (const { work } of batch) {
      if (outcomes.length > 0 && performance.now() - begun > TURN_MS) break;
      try {
        // A transaction within one is a savepoint: what throws is undone, and only that.
        outcomes.push({ value: this.db.transaction(work)() });
      } catch (error) {
        // A full disk ends the transaction itself, with all that came before.
        if (!this.db.inTransaction) throw error;
        outcomes.push({ error });
      }
    }
    return outcomes;
  }

  /** Who has waited long enough is told so; the others go on waiting, in their order. */
  private waitFor(batch: readonly Waiting[], error: unknown): void {
    const now = performance.now();
    const patient = batch.filter(({ since }) => now - since < this.patienceMs);
    for (const one of batch) if (!patient.includes(one)) one.reject(error);
    this.waiting.unshift(...patient);
    if (this.waiting.length === 0) return;
    const timer = setTimeout(() => this.commit(), AGAIN_MS);
    this.cancelNext = () => clearTimeout(timer);
  }

  private commitSoon(): void {
    if (this.cancelNext) return;
    const immediate = setImmediate(() => this.commit());
    // Each kind by its own: Node takes a timer that is given to clearImmediate for one more immediate, and then leaves one undone.
    this.cancelNext = () => clearImmediate(immediate);
  }

  private stopWaiting(): void {
    this.cancelNext?.();
    this.cancelNext = undefined;
  }
}

function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown }).code ?? '').startsWith('SQLITE_BUSY');
}
