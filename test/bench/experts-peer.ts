// scikit-learn's and XGBoost's defaults (Debian's python3-sklearn and python3-xgboost), given what a user gives them: a plain matrix of the parameters.
import type { JsonObject } from '../../trainer/types.js';
import { PythonPeer } from './python-peer.js';

/** What the peer imports. */
export const EXPERTS_MODULES = ['sklearn', 'xgboost'];
/** Values of a category that get a column of their own: those most seen among the known trials. */
const MOST_CATEGORIES = 16;

export class ExpertsPeer {
  private constructor(private readonly peer: PythonPeer) {}

  get version(): string {
    return this.peer.version;
  }

  static async start(python: string): Promise<ExpertsPeer> {
    // Threads that wait for each other spin: with a few hundred rows they cost more than they save.
    const single = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
    return new ExpertsPeer(await PythonPeer.start(python, 'experts-peer.py', single));
  }

  /** @returns predictions of `test` by method */
  async predict(
    context: readonly JsonObject[],
    y: readonly number[],
    test: readonly JsonObject[],
  ): Promise<Record<string, number[]>> {
    const encode = encoder(context);
    return this.peer.ask({ x: context.map(encode), y, test: test.map(encode) });
  }

  stop(): void {
    this.peer.stop();
  }
}

/** Numbers as they are, truth values as 0 and 1, categories one-hot, null where there is no value. Learned from the known trials. */
function encoder(context: readonly JsonObject[]): (x: JsonObject) => (number | null)[] {
  const names = [...new Set(context.flatMap((x) => Object.keys(x)))].sort();
  const columns = names.flatMap((name): ((x: JsonObject) => number | null)[] => {
    const values = context.map((x) => x[name]).filter((value) => value !== undefined);
    if (values.every((value) => typeof value === 'number' || typeof value === 'boolean')) {
      return [({ [name]: value }) => (typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null)];
    }
    const counts = new Map<string, number>();
    for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    const categories = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_CATEGORIES);
    return categories.map(
      ([category]) =>
        (x) =>
          x[name] === undefined ? null : Number(String(x[name]) === category),
    );
  });
  // A study of which nothing but free text is known leaves nothing else to learn from.
  return (x) => (columns.length === 0 ? [0] : columns.map((column) => column(x)));
}
