// What can be computed again, kept on disk for the next process: a bounded folder of small files that may be deleted at any time.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../trainer/files.js';

/** Files kept by default: some hundred studies, about 10 kB each. */
const MAX_FILES = 512;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export class DerivedFiles {
  /** Writes one after the other, so that the last one of a name stays. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly limit = MAX_FILES,
  ) {}

  /** What is kept under a name: all that the text depends on, of any length. */
  entry(name: string) {
    const path = join(this.folder, `${digestOf(name)}.txt`);
    return {
      /** The text written last; undefined where there is none, or it was damaged. */
      read: (): string | undefined => {
        let file: string;
        try {
          file = readFileSync(path, 'utf8');
        } catch {
          return undefined;
        }
        const end = file.indexOf('\n');
        const text = file.slice(end + 1);
        return file.slice(0, end) === digestOf(text) ? text : undefined;
      },
      /** Returns at once. A folder that cannot be written to costs the next process time, and nobody an answer. */
      write: (text: string): void => {
        this.last = this.last.then(() => this.write(path, text)).catch(() => {});
      },
    };
  }

  /** When all that was written is on disk. */
  async settled(): Promise<void> {
    await this.last;
  }

  private async write(path: string, text: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFileAtomic(path, `${digestOf(text)}\n${text}`);
    const names = await readdir(this.folder);
    if (names.length <= this.limit) return;
    const files = names.map((name) => join(this.folder, name));
    const dated = await Promise.all(files.map(async (file) => ({ file, written: (await stat(file)).mtimeMs })));
    dated.sort((a, b) => a.written - b.written);
    // Some more than must go, so that not every write looks at all of them.
    for (const { file } of dated.slice(0, names.length - Math.floor(0.9 * this.limit))) await rm(file, { force: true });
  }
}
