// A cache of what is slow to make: at most `limit` things, the one used longest ago goes first. What is still used is let go of later.

interface Entry<T> {
  value: Promise<T>;
  users: number;
  /** Called when the last user has gone and the entry is to go. */
  onIdle?: () => void;
}

export class LruCache<T> {
  private readonly entries = new Map<string, Entry<T>>();
  /** Makings and evictions, one after the other: memory never holds one more than the limit. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly limit: number,
    /** Called for what goes, when nobody uses it any more; absent: it is only forgotten. */
    private readonly release?: (value: T) => Promise<void>,
  ) {}

  /** Calls `work` with what is kept under the key, else with what `make` brings; a making that fails leaves nothing behind. */
  async use<R>(key: string, make: () => Promise<T>, work: (value: T) => Promise<R>): Promise<R> {
    const entry = this.take(key) ?? (await this.inTurn(() => this.takeOrMake(key, make)));
    try {
      return await work(await entry.value);
    } finally {
      entry.users--;
      if (entry.users === 0) entry.onIdle?.();
    }
  }

  /** Lets go of everything, once it is not used any more. */
  clear(): Promise<void> {
    return this.inTurn(async () => {
      while (this.entries.size > 0) await this.evictOldest();
    });
  }

  private take(key: string): Entry<T> | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    entry.users++;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  private async takeOrMake(key: string, make: () => Promise<T>): Promise<Entry<T>> {
    // Somebody else may have made it while this waited for its turn.
    const there = this.take(key);
    if (there) return there;
    while (this.entries.size >= this.limit) await this.evictOldest();
    const entry: Entry<T> = { value: make(), users: 1 };
    this.entries.set(key, entry);
    await entry.value.catch(() => this.entries.delete(key));
    return entry;
  }

  private async evictOldest(): Promise<void> {
    const unused = [...this.entries].find(([, { users }]) => users === 0);
    const [key, entry] = unused ?? this.entries.entries().next().value!;
    this.entries.delete(key);
    if (!this.release) return;
    if (entry.users > 0) {
      await new Promise<void>((resolve) => {
        entry.onIdle = resolve;
      });
    }
    const made = await entry.value.then(
      (value) => ({ value }),
      () => undefined,
    );
    if (made) await this.release(made.value);
  }

  private inTurn<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {});
    return turn;
  }
}
