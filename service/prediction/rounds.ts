// Work that answers all who ask for it in the meantime: as a study that grows is learned once for everybody, not once for each.

interface Round<T> {
  underWay: Promise<T>;
  /** Of those who came since `underWay` began: it begins when that ends. */
  next?: Promise<T>;
}

/**
 * Under each key one round at a time. Who comes while a round is under way shares the next one, which begins after they came: it
 * has seen what they had done before. However many come, and however fast, each waits for two rounds at most.
 */
export class Rounds<T> {
  private readonly rounds = new Map<string, Round<T>>();

  /**
   * @param work done once for all who share the round, by the first of them; it goes on when that one has left
   * @param signal when it is aborted the promise rejects with its reason
   */
  join(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const begin = () => this.begin(key, work);
    const round = this.rounds.get(key);
    if (round === undefined) return orAborted(begin(), signal);
    round.next ??= round.underWay.then(begin, begin);
    return orAborted(round.next, signal);
  }

  private begin(key: string, work: () => Promise<T>): Promise<T> {
    const round: Round<T> = { underWay: work() };
    this.rounds.set(key, round);
    const over = () => {
      if (round.next === undefined) this.rounds.delete(key);
    };
    round.underWay.then(over, over);
    return round.underWay;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
