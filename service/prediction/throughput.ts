// How many queries a second are answered while any wait, measured, to say when it is worth trying again.

/** Until something was measured: what a small model does on one core. */
const FIRST_GUESS = 100;
/** What was measured this long ago counts 1/e as much as what is measured now, in ms of work. */
const MEMORY_MS = 10_000;

export class Throughput {
  private queries = FIRST_GUESS;
  private busyMs = 1000;
  private since = 0;
  private measured = false;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Something waits, and nothing did before. */
  begin(): void {
    this.since = this.now();
  }

  /** That many queries were answered since the last call of this or of `begin`. */
  answered(queries: number): void {
    const now = this.now();
    const elapsed = now - this.since;
    this.since = now;
    const kept = Math.exp(-elapsed / MEMORY_MS);
    this.queries = this.queries * kept + queries;
    this.busyMs = this.busyMs * kept + elapsed;
    this.measured = true;
  }

  /** How many queries are answered in so many ms; before anything was measured no limit is known. */
  within(ms: number): number {
    return this.measured ? (this.queries * ms) / this.busyMs : Number.POSITIVE_INFINITY;
  }

  /** Whole seconds, at least one, in which that many queries will have been answered. */
  secondsFor(queries: number): number {
    return Math.max(1, Math.ceil((queries * this.busyMs) / this.queries / 1000));
  }
}
