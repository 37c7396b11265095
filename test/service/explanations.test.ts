// Explanations over HTTP, by a real worker with the smallest of models: their form, their limits, and what they take from the study.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from '../../service/server.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { temporaryStoreFolder } from './shared-server.js';
import { type Client, client, jobEnd, type Schemas } from './test-server.js';

type Explained = Schemas['ExplanationResult'];

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let api: Client;
let study: string;
const trials = Array.from({ length: 30 }, (_, i) => ({
  x: { level: i % 10, kind: i % 2 ? 'a' : 'b', wide: i % 3 === 0 },
  y: { loss: (i % 10) * 3, time: -i },
}));

beforeAll(async () => {
  const server = await startServer(
    { port: 0, dataDir: temporaryStoreFolder(), logLevel: 'silent', device: 'cpu', baseModel: 'none' },
    {},
  );
  api = client(server.url);
  study = (await api.makeStudy(['loss', 'time'])).id;
  await api.addTrials(study, trials);
  await api.addTrials(study, [{ x: { level: 3, kind: 'c', wide: true }, status: 'infeasible' }]);
  const request = { studies: [study], parent: 'none', hyperparameters: TINY_TRAINING };
  const { body } = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', request);
  expect(await jobEnd(api.url, body.id)).toMatchObject({ status: 'succeeded' });
  return () => server.close();
});

const explain = (body: object, of = study) => api.post<Explained>(`/v1/studies/${of}:explain`, body);
const x = { level: 4, kind: 'a', wide: true };

describe('explanations', () => {
  it('explain every objective, with trials and values of the study', async () => {
    const { status, body } = await explain({ queries: [x, { ...x, level: 12 }] });
    expect(status).toBe(200);
    expect(Object.keys(body.objectives)).toEqual(['loss', 'time']);
    const { explanations, prototypes, compared } = body.objectives.loss!;
    expect(compared).toEqual({ trials: 31, of: 31 });
    expect(prototypes!.reduce((sum, one) => sum + one.trials, 0)).toBe(31);
    const [first, second] = explanations;
    expect(first!.warnings).toEqual([]);
    expect(second!.warnings).toEqual([`'level' 12 is new: the study has 0 to 9.`]);
    expect(first!.neighbours).toHaveLength(5);
    for (const { x: of, y, similarity } of first!.neighbours!) {
      expect(y === null ? of : trials.map((trial) => [trial.x, trial.y.loss])).toContainEqual(
        y === null ? 'c' : [of, y],
      );
      expect(similarity).toBeGreaterThanOrEqual(0);
      expect(similarity).toBeLessThanOrEqual(1);
    }
    expect(prototypes![first!.prototype!]).toBeDefined();
    const effects = Object.fromEntries(first!.effects!.map((effect) => [effect.parameter, effect]));
    expect(Object.keys(effects).sort()).toEqual(['kind', 'level', 'wide']);
    expect(effects.wide!.points.map(({ value }) => value).sort()).toEqual([false, true]);
    expect(effects.level!.points.filter(({ current }) => current)).toEqual([
      expect.objectContaining({ value: 4, median: expect.closeTo(first!.median, 6), removed: [], set: {} }),
    ]);
  });

  it('name the trials that they show by their ids', async () => {
    const { body } = await explain({ queries: [x], objective: 'time', include: ['neighbours', 'prototypes'] });
    const { explanations, prototypes } = body.objectives.time!;
    for (const { trial_id, ...shown } of [...explanations[0]!.neighbours!, ...prototypes!]) {
      const { body: stored } = await api.get<Schemas['Trial']>(`/v1/studies/${study}/trials/${trial_id}`);
      const y = (stored.y as Record<string, number> | null)?.time ?? null;
      expect({ x: stored.x, y }).toEqual({ x: shown.x, y: shown.y });
    }
  });

  it('say what predictions say', async () => {
    const { body } = await explain({ queries: [x], include: ['neighbours'] });
    const predicted = await api.post<Schemas['PredictionResult']>(`/v1/studies/${study}/predictions`, { queries: [x] });
    for (const name of ['loss', 'time']) {
      const { median } = predicted.body.predictions[0]!.objectives[name]!;
      expect(body.objectives[name]!.explanations[0]!.median).toBeCloseTo(median, 9);
    }
    expect(body.model).toEqual(predicted.body.model);
  });

  it('warn of what predictions warn of', async () => {
    const queries = [x, { ...x, level: 12 }, { level: 4, kind: 'a' }, { ...x, level: '4' }, { ...x, hue: 'red' }];
    const { body } = await explain({ queries, include: ['neighbours'] });
    const predicted = await api.post<Schemas['PredictionResult']>(`/v1/studies/${study}/predictions`, { queries });
    const warnings = predicted.body.predictions.map((one) => one.warnings);
    expect(warnings).toEqual([
      [],
      [`'level' 12 is new: the study has 0 to 9.`],
      [`'wide' is missing: all 31 trials have it.`],
      [`'level' is the text "4", and the study has numbers (0 to 9): send it without quotes, as 4.`],
      [`'hue' red is new: no trial of the study has this parameter.`],
    ]);
    expect(body.objectives.loss!.explanations.map((one) => one.warnings)).toEqual(warnings);
    // A trial more is another study: what was new is not any more.
    const grown = (await api.makeStudy(['loss'])).id;
    const ask = async () => {
      const answer = await api.post<Schemas['PredictionResult']>(`/v1/studies/${grown}/predictions`, {
        queries: [{ a: 5 }],
      });
      return answer.body.predictions[0]!.warnings;
    };
    expect(await ask()).toEqual([]);
    await api.addTrials(grown, [{ x: { a: 1 }, y: 1 }]);
    expect(await ask()).toEqual([`'a' 5 is new: the study has 1.`]);
    await api.addTrials(grown, [{ x: { a: 7 }, y: 2 }]);
    expect(await ask()).toEqual([]);
  });

  it('hold what was asked for, and no more', async () => {
    const limits = { neighbours: 2, prototypes: 1, parameters: 1, points: 2 };
    const { body } = await explain({ queries: [x], objective: 'time', limits });
    expect(Object.keys(body.objectives)).toEqual(['time']);
    const { explanations, prototypes } = body.objectives.time!;
    expect(prototypes).toHaveLength(1);
    expect(explanations[0]!.neighbours).toHaveLength(2);
    expect(explanations[0]!.effects).toHaveLength(1);
    expect(explanations[0]!.left_out).toHaveLength(2);
    const less = await explain({ queries: [x], objective: 'time', include: ['effects'] });
    expect(Object.keys(less.body.objectives.time!.explanations[0]!).sort()).toEqual(
      ['effects', 'left_out', 'median', 'p_infeasible', 'quartiles', 'warnings'].sort(),
    );
    expect(less.body.objectives.time!.prototypes).toBeUndefined();
  });

  it('are given of a study without trials too', async () => {
    const empty = (await api.makeStudy(['loss'])).id;
    const { status, body } = await explain({ queries: [x] }, empty);
    expect(status).toBe(200);
    expect(body.objectives.loss).toMatchObject({
      prototypes: [],
      compared: { trials: 0, of: 0 },
      explanations: [
        { neighbours: [], prototype: null, effects: [], warnings: [expect.stringMatching(/no finished trials/)] },
      ],
    });
  });
});
