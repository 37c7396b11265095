// Results of bench:omnipred as files: what is there is not computed again, so that a run that was killed goes on.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Cells {
  private readonly folder: string;

  /** @param out of one budget: its cells, and beside them models and trainings under way */
  constructor(readonly out: string) {
    this.folder = join(out, 'cells');
    mkdirSync(this.folder, { recursive: true });
  }

  /** The cell's result, computed at most once; in its file as soon as it is known, whole or not at all. */
  async get<T>(name: string, compute: () => Promise<T>): Promise<T> {
    const path = join(this.folder, `${name}.json`);
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
    const begin = performance.now();
    const result = await compute();
    writeFileSync(`${path}.part`, `${JSON.stringify(result, null, 2)}\n`);
    renameSync(`${path}.part`, path);
    console.log(`${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    return result;
  }
}
