// A peer in Python: started with an interpreter that has what it needs, and talked to in JSON lines, one request, one answer.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The first interpreter that can import all of these: $PEER_PYTHON, then those of the PATH and of the distribution. */
export function findPython(modules: readonly string[]): string | undefined {
  const candidates = process.env.PEER_PYTHON ? [process.env.PEER_PYTHON] : ['python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0);
}

export class PythonPeer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly answers: AsyncIterator<string>,
    /** Of what it is a peer of, in its own words. */
    readonly version: string,
  ) {}

  /** @param script beside this file @param env added to this process's */
  static async start(python: string, script: string, env: Record<string, string>): Promise<PythonPeer> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(python, [path], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const { value, done } = await answers.next();
    if (done) throw new Error(`bench: ${script} ended before its first word; its own message stands above`);
    return new PythonPeer(child, answers, (JSON.parse(value) as { version: string }).version);
  }

  async ask<T>(request: object): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error('bench: the peer in Python ended without an answer; its own message stands above');
    return JSON.parse(value) as T;
  }

  stop(): void {
    this.child.stdin!.end();
  }
}
