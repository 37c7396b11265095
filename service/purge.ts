// Removes what was deleted, behind the readers' backs and a little at a time, so that no request waits for it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StudyStore } from '../store/store.js';

/** Trials removed in one transaction: some 10 ms. */
const TRIALS = 1000;
/** Between two transactions, in ms. */
const PAUSE_MS = 20;

export class Purger {
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    private readonly store: Pick<StudyStore, 'purgeStudies'>,
    private readonly log: (message: string, error: unknown) => void,
  ) {}

  /** There may be something to remove. */
  wake(): void {
    this.again = true;
    if (this.stopped) return;
    this.running ??= this.run()
      .catch((error: unknown) => this.log('removing what was deleted failed; it goes on at the next start', error))
      .finally(() => {
        this.running = undefined;
      });
  }

  /** Ends after the present transaction; what is left goes at the next start. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      while (!this.stopped && (await this.store.purgeStudies(TRIALS))) await sleep(PAUSE_MS);
    }
  }
}
