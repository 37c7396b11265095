// A cache of what is slow to load: at most `limit` things, the one used longest ago goes first.

export class LruCache<T> {
  private readonly entries = new Map<string, T>();

  constructor(
    private readonly limit: number,
    /** Called for what goes. */
    private readonly release: (value: T) => Promise<void> | void = () => {},
  ) {}

  /** What is kept under the key, else what `load` brings; a load that fails leaves nothing behind. Not for concurrent use. */
  async get(key: string, load: () => Promise<T>): Promise<T> {
    let value = this.entries.get(key);
    if (value === undefined) {
      // Room is made first, so that memory never holds one more than the limit.
      while (this.entries.size >= this.limit) await this.evictOldest();
      value = await load();
    }
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  async clear(): Promise<void> {
    while (this.entries.size > 0) await this.evictOldest();
  }

  private async evictOldest(): Promise<void> {
    const [key, value] = this.entries.entries().next().value!;
    this.entries.delete(key);
    await this.release(value);
  }
}
