// Which model answers, from a real store: named, best of the study, newest, base, in this order.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderArtifacts } from '../../../service/artifacts.js';
import { findBaseModel, installBaseModel } from '../../../service/prediction/base-model.js';
import { chooseModel } from '../../../service/prediction/model-choice.js';
import { completed, jobOn, makeStudy, temporaryFolder, temporaryStore } from '../../store/temporary-store.js';

interface Made {
  id: string;
  study: string;
  parent?: string;
  score?: number;
}

async function workspace() {
  const { store } = temporaryStore();
  const newStudy = async () => {
    const { id } = await makeStudy(store);
    await store.createTrials(id, [completed(1), completed(2)]);
    return id;
  };
  const publish = async ({ id, study, parent, score }: Made) => {
    await store.createJob(jobOn([study], { parent: parent ?? null }));
    const { lease } = (await store.claimJob('me', 60_000))!;
    await store.finishJob(lease, {
      status: 'succeeded',
      outcome: 'published',
      reason: 'better',
      metrics: score === undefined ? {} : { validation_score: score },
      config: {},
      model: { id, directory: id, base: null },
    });
  };
  const sources = { store, artifacts: new FolderArtifacts('models'), base: { why: '' } };
  return { newStudy, publish, sources };
}

describe('chooseModel', () => {
  it('takes the best of the study: none that another has beaten, then the better score, then the newer', async () => {
    const { newStudy, publish, sources } = await workspace();
    const study = await newStudy();
    const chosen = async () => chooseModel(sources, study, 'auto');
    await publish({ id: 'first', study, score: 0.3 });
    expect(await chosen()).toEqual({
      id: 'first',
      modelDir: join('models', 'first'),
      chosenBy: 'trained_on_study',
      reason: 'a published model whose training included this study',
    });
    // Its score is on other trials: what counts is that it has beaten the first.
    await publish({ id: 'second', study, parent: 'first', score: 0.5 });
    expect((await chosen()).id).toBe('second');
    await publish({ id: 'worse', study, score: 0.6 });
    expect((await chosen()).id).toBe('second');
    await publish({ id: 'unmeasured', study });
    expect((await chosen()).id).toBe('second');
    await publish({ id: 'equal', study, score: 0.5 });
    expect(await chosen()).toMatchObject({
      id: 'equal',
      reason: 'a published model whose training included this study, the best by its validation score among 4',
    });
  });

  it('takes the newest whole model where none learned from the study, and the base where there is none at all', async () => {
    const { newStudy, publish, sources } = await workspace();
    const [study, other] = [await newStudy(), await newStudy()];
    const withBase = { ...sources, base: { dir: '/given' } };
    await expect(chooseModel(sources, study)).rejects.toMatchObject({ code: 'no_model' });
    expect(await chooseModel(withBase, study)).toMatchObject({ id: 'base', modelDir: '/given', chosenBy: 'base' });
    await publish({ id: 'a', study: other });
    await publish({ id: 'b', study: other, score: 1 });
    expect(await chooseModel(withBase, study)).toMatchObject({ id: 'b', chosenBy: 'newest' });
    expect(await chooseModel(withBase)).toMatchObject({ id: 'b', chosenBy: 'newest' });
  });

  it('takes the one that is named', async () => {
    const { newStudy, publish, sources } = await workspace();
    const study = await newStudy();
    await publish({ id: 'a', study, score: 0.1 });
    await publish({ id: 'b', study, score: 0.2 });
    expect(await chooseModel(sources, study, 'b')).toMatchObject({ id: 'b', chosenBy: 'request' });
    const withBase = { ...sources, base: { dir: '/given' } };
    expect(await chooseModel(withBase, study, 'base')).toMatchObject({ modelDir: '/given', chosenBy: 'request' });
    for (const name of ['base', 'c'])
      await expect(chooseModel(sources, study, name)).rejects.toMatchObject({
        code: 'invalid_request',
        details: { errors: [{ pointer: '/model', code: 'not_found' }] },
      });
  });
});

describe('findBaseModel', () => {
  const folderWith = async (files: Record<string, object>) => {
    const folder = temporaryFolder();
    await mkdir(folder, { recursive: true });
    for (const [name, json] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(json));
    return folder;
  };

  it('lets a trained model answer, and says why a stock one does not', async () => {
    const trained = await folderWith({ 'omnireg.json': { metrics: {} } });
    expect(await findBaseModel(trained)).toEqual({ dir: trained });
    expect(await findBaseModel(await installBaseModel('none', temporaryFolder()))).toEqual({ why: '' });
    const stock = await folderWith({ 'config.json': { model_type: 't5' } });
    const imported = await folderWith({ 'omnireg.json': { imported: true } });
    const { sources } = await workspace();
    for (const folder of [stock, imported, join(stock, 'missing')]) {
      const base = await findBaseModel(folder);
      await expect(chooseModel({ ...sources, base })).rejects.toMatchObject({
        code: 'no_model',
        message: expect.stringMatching(/and the base model cannot answer: .* train one/),
      });
    }
  });
});
