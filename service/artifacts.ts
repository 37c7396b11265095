// Where model files are kept: a folder now, an object store later, behind the same few methods.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Artifacts {
  /** The name to remember a new model's files by. */
  nameFor(modelId: string): string;
  /** A local path that nothing is at yet, for a training to write the model to. What a lost attempt left there is removed. */
  prepare(name: string): Promise<string>;
  /** A local folder with the model's files. */
  open(name: string): Promise<string>;
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
}
