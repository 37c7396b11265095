// In distribution: one training a fold on the studies outside of it, as a user's workspace trains on all studies it holds.
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { baseDirOf } from '../adapter-directory.js';
import { writeFileAtomic } from '../files.js';
import { train } from '../train.js';
import type { EvaluatedStudy, EvaluationConfig, EvaluationHooks, EvaluationRequest } from './types.js';

export interface FoldModel {
  fold: number;
  modelDir: string;
  /** Ids of the studies it was trained on. */
  studies: string[];
  outcome: 'published' | 'kept_parent';
  reason: string;
}

/**
 * Trains what is not trained yet, a model for each of the groups `folds`, on the studies outside of it. Where a training did not beat its parent, the parent answers, as it would in
 * the service.
 */
export async function trainFolds(
  { modelDir, workDir, training = {} }: EvaluationRequest,
  studies: readonly (EvaluatedStudy & { fold: number | null })[],
  folds: readonly number[],
  config: EvaluationConfig,
  { onEvent, signal }: EvaluationHooks,
): Promise<FoldModel[]> {
  const folder = join(workDir, 'models');
  await mkdir(folder, { recursive: true });
  const models: FoldModel[] = [];
  for (const fold of folds) {
    const others = studies.filter((study) => study.fold !== fold);
    const record = join(folder, `${fold}.json`);
    if (!existsSync(record)) {
      const message = `Training on ${others.length} studies, to predict those of group ${fold + 1} of ${config.folds}`;
      onEvent?.({ type: 'phase', phase: 'train', message });
      const outDir = join(folder, `fold-${fold}`);
      await linkBase(modelDir, folder);
      const result = await train(
        {
          studies: others.map(({ source }) => source),
          parentDir: modelDir,
          outDir,
          workDir: join(workDir, `training-${fold}`),
          config: { seed: config.seed, ...training },
        },
        { ...(onEvent && { onEvent }), ...(signal && { signal }) },
      );
      const { outcome, reason } = result;
      const ids = others.map(({ source }) => source.id);
      const model: FoldModel = {
        fold,
        modelDir: outDir,
        studies: ids,
        outcome,
        reason,
      };
      await writeFileAtomic(record, JSON.stringify(model));
    }
    models.push(JSON.parse(await readFile(record, 'utf8')) as FoldModel);
  }
  return models;
}

/** An adapter looks for its base beside itself. */
async function linkBase(modelDir: string, folder: string): Promise<void> {
  const base = await baseDirOf(modelDir);
  const link = join(folder, basename(base));
  if (!existsSync(link)) await symlink(base, link);
}
