// Lets a few pieces of work run at a time; the others wait in the order they came in.

export class Turnstile {
  private inside = 0;
  private waiting: (() => void)[] = [];

  /** @param places how many pieces of work may run at once */
  constructor(private readonly places: number) {}

  /** Runs `work` when there is a place. Rejects with the signal's reason where it is aborted before, and `work` is never run. */
  async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.inside >= this.places) await this.wait(signal);
    else this.inside++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The place is handed on: nobody who comes now can slip in before.
      if (next) next();
      else this.inside--;
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting = this.waiting.filter((other) => other !== enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(enter);
    });
  }
}
