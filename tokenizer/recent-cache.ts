// A bounded map that forgets what was not asked for lately, at the cost of a plain Map.

/**
 * Two generations: when the young one is full it becomes the old one, and the old one is dropped. What is read from the
 * old one returns to the young, so everything used within the last `capacity` insertions is still there.
 */
export class RecentCache<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** @param capacity entries per generation; at most twice as many are held */
  constructor(private readonly capacity: number) {}

  get(key: string): Value | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    if (this.young.size >= this.capacity) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  /** Forgets one entry. */
  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  get size(): number {
    return this.young.size + this.old.size;
  }
}
