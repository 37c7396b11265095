// Starts the peer in Python (Debian's python3-sklearn and python3-xgboost) and gives it what a user would: a plain matrix of the parameters.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../trainer/types.js';

const SCRIPT = fileURLToPath(new URL('experts-peer.py', import.meta.url));
/** Values of a category that get a column of their own: those most seen among the known trials. */
const MOST_CATEGORIES = 16;

/** The first interpreter that has both: $PEER_PYTHON, then those of the PATH and of the distribution. */
export function findPython(): string | undefined {
  const candidates = process.env.PEER_PYTHON ? [process.env.PEER_PYTHON] : ['python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', 'import sklearn, xgboost']).status === 0);
}

export class ExpertsPeer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly answers: AsyncIterator<string>,
    readonly version: string,
  ) {}

  static async start(python: string): Promise<ExpertsPeer> {
    // Threads that wait for each other spin: with a few hundred rows they cost more than they save.
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
    const child = spawn(python, [SCRIPT], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const { version } = JSON.parse((await answers.next()).value) as { version: string };
    return new ExpertsPeer(child, answers, version);
  }

  /** @returns predictions of `test` by method */
  async predict(
    context: readonly JsonObject[],
    y: readonly number[],
    test: readonly JsonObject[],
  ): Promise<Record<string, number[]>> {
    const encode = encoder(context);
    this.child.stdin!.write(`${JSON.stringify({ x: context.map(encode), y, test: test.map(encode) })}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error('bench: the peer ended without an answer; its own message stands above');
    return JSON.parse(value) as Record<string, number[]>;
  }

  stop(): void {
    this.child.stdin!.end();
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
