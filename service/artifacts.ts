// Where model files are kept: a folder now, an object store later, behind the same few methods.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Artifacts {
  /** The name to remember a new model's files by. */
  nameFor(modelId: string): string;
  /** A local path that nothing is at yet, for a training to write the model to. What a lost attempt left there is removed. */
  prepare(name: string): Promise<string>;
  /** A local folder with the model's files. */
  open(name: string): Promise<string>;
  /** Removes the model's files, if there are any. */
  remove(name: string): Promise<void>;
  /** Names of all that is kept. */
  list(): Promise<string[]>;
}

export class FolderArtifacts implements Artifacts {
  constructor(private readonly root: string) {}

  nameFor(modelId: string): string {
    return modelId;
  }

  async prepare(name: string): Promise<string> {
    await mkdir(this.root, { recursive: true });
    const folder = join(this.root, name);
    await rm(folder, { recursive: true, force: true });
    return folder;
  }

  async open(name: string): Promise<string> {
    return join(this.root, name);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.root, name), { recursive: true, force: true });
  }

  async list(): Promise<string[]> {
    return existsSync(this.root) ? readdir(this.root) : [];
  }
}
