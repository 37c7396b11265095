// The folder of an evaluation's own server: its data, and which evaluation it holds, so that one that was cut off can go on.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Begun {
  /** Of the evaluation. */
  id: string;
  /** Tasks by ids of their studies. */
  names: [string, string][];
}

export class WorkFolder {
  private constructor(
    private readonly path: string,
    private readonly fingerprint: string,
    /** What was asked for here; undefined before that. */
    public begun: Begun | undefined,
    /** Whether another request had left something here, which is gone. */
    readonly isAnother: boolean,
  ) {}

  /** What another request has left in the folder is removed. @param fingerprint of the request */
  static async open(path: string, fingerprint: string): Promise<WorkFolder> {
    const record = join(path, 'evaluation.json');
    const known = existsSync(record)
      ? (JSON.parse(await readFile(record, 'utf8')) as Begun & { fingerprint: string })
      : undefined;
    const begun = known?.fingerprint === fingerprint ? known : undefined;
    if (!begun) await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
    return new WorkFolder(path, fingerprint, begun, known !== undefined && !begun);
  }

  get dataDir(): string {
    return join(this.path, 'data');
  }

  async begin(begun: Begun): Promise<void> {
    const { fingerprint } = this;
    await writeFile(join(this.path, 'evaluation.json'), JSON.stringify({ fingerprint, ...begun }));
    this.begun = begun;
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}
