// Studies as a training reads them: through each objective, of a snapshot, a few trials at a time.
import { expect, it } from 'vitest';
import { studyData, studySources } from '../../service/study-data.js';
import { completed, makeStudy, temporaryStore } from '../store/temporary-store.js';

it('gives the trials of a snapshot through each objective, whole or a few at a time', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store, ['loss', 'seconds']);
  const failed = { ...completed(9), status: 'infeasible' as const, y: null };
  await store.createTrials(study.id, [{ ...completed(0), y: [1, 2] }, failed, { ...completed(5), y: [3, 4] }]);
  const whole = studyData(study, await store.finishedTrials(study.id, { limit: 100 }));
  const sources = await studySources(store, study, 3);
  await store.createTrials(study.id, [{ ...completed(7), y: [5, 6] }]);
  for (const [i, source] of sources.entries()) {
    const { trials, ...head } = whole[i]!;
    expect(source).toMatchObject({ ...head, trials: 3 });
    expect(await source.read([2, 0, 1])).toEqual([trials[2], trials[0], trials[1]]);
    expect(await source.outcomes()).toEqual(Float64Array.from(trials, ({ y }) => y ?? Number.NaN));
  }
  expect(whole.map(({ others }) => others)).toEqual([['seconds'], ['loss']]);
  expect(whole[1]!.trials.map(({ y, measured }) => ({ y, measured }))).toEqual([
    { y: 2, measured: { loss: 1, seconds: 2 } },
    { y: null },
    { y: 4, measured: { loss: 3, seconds: 4 } },
  ]);
  const [later] = await studySources(store, study, 4);
  expect(later!.trials).toBe(4);
  expect(later!.version).not.toBe(sources[0]!.version);
});

it('says nothing of other objectives where there are none', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store, ['loss']);
  await store.createTrials(study.id, [{ ...completed(0), y: [1] }]);
  const [view] = studyData(study, await store.finishedTrials(study.id, { limit: 100 }));
  expect(view).not.toHaveProperty('others');
  expect(view!.trials).toEqual([{ x: completed(0).x, y: 1 }]);
});
