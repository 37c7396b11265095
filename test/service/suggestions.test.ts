// Ranking and suggesting over HTTP, with a real worker and the smallest of models.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from '../../service/server.js';
import { SearchSpace } from '../../trainer/acquisition/search-space.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { temporaryStoreFolder } from './shared-server.js';
import { type Client, client, jobEnd, type Schemas } from './test-server.js';

type Suggested = Schemas['SuggestionResult'];
type Ranked = Schemas['RankingResult'];

const SPACE = {
  level: { type: 'integer', low: 1, high: 40 },
  kind: { type: 'categorical', choices: ['a', 'b'] },
} as const;
const space = new SearchSpace({ level: { ...SPACE.level }, kind: { ...SPACE.kind, choices: ['a', 'b'] } });

let api: Client;
/** Two objectives, 25 ended trials, one running; no space declared. */
let study: string;
let model: string;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(async () => {
  const server = await startServer(
    { port: 0, dataDir: temporaryStoreFolder(), logLevel: 'silent', device: 'cpu', baseModel: 'none' },
    {},
  );
  api = client(server.url);
  study = (await api.makeStudy(['loss', 'time'])).id;
  await api.addTrials(
    study,
    Array.from({ length: 24 }, (_, i) => ({
      x: { level: i + 1, kind: i % 2 ? 'a' : 'b' },
      y: { loss: (i - 9) ** 2, time: -i },
    })),
  );
  await api.addTrials(study, [{ x: { level: 40, kind: 'a' }, status: 'infeasible' }, { x: { level: 30, kind: 'b' } }]);
  const job = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', {
    studies: [study],
    parent: 'none',
    hyperparameters: TINY_TRAINING,
  });
  model = (await jobEnd(api.url, job.body.id)).fine_tuned_model!;
  return () => server.close();
});

const suggest = (body: object, id = study) => api.post<Suggested>(`/v1/studies/${id}:suggest`, body);

describe('suggest', () => {
  it('names the best next experiments, the model, the space that was inferred and what it was measured from', async () => {
    const { status, body } = await suggest({ objective: 'loss', goal: 'minimize', count: 3 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      study_id: study,
      model: { id: model, chosen_by: 'trained_on_study' },
      objective: 'loss',
      goal: 'minimize',
      criterion: 'expected_improvement',
      incumbent: 0,
      pending: 1,
      search_space: { basis: 'trials', trials: 25, parameters: { level: { type: 'integer', low: 1, high: 40 } } },
    });
    expect(body.suggestions).toHaveLength(3);
    for (const { x, score, prediction } of body.suggestions) {
      expect(space.violations(x as never)).toEqual([]);
      // What is running is not suggested again.
      expect(x).not.toEqual({ level: 30, kind: 'b' });
      expect(score).not.toBeNull();
      const [low, , , high] = prediction!.quantiles;
      expect(low!.y).toBeLessThanOrEqual(prediction!.median);
      expect(high!.y).toBeGreaterThanOrEqual(prediction!.median);
      expect(prediction!.p_infeasible).toBeGreaterThanOrEqual(0);
    }
    const scores = body.suggestions.map(({ score }) => score!);
    expect(scores[0]).toBe(Math.max(...scores));
    expect((await suggest({ objective: 'loss', goal: 'minimize', count: 3 })).body).toEqual(body);
  });

  it('takes the largest for the best where more is better, and keeps clear of what is named as pending', async () => {
    const asked = { objective: 'time', goal: 'maximize', criterion: 'upper_confidence_bound', level: 0.8 } as const;
    const { body } = await suggest({ ...asked, search_space: SPACE });
    expect(body).toMatchObject({
      incumbent: 0,
      criterion: asked.criterion,
      search_space: { basis: 'request', trials: null },
    });
    const [first] = body.suggestions;
    const again = await suggest({ ...asked, search_space: SPACE, pending: [first!.x] });
    expect(again.body.pending).toBe(2);
    expect(again.body.suggestions[0]!.x).not.toEqual(first!.x);
  });

  it('spreads over the declared space before the first trial has ended, and asks no model', async () => {
    const made = await api.post<Schemas['Study']>('/v1/studies', {
      name: 'new',
      objectives: [{ name: 'loss', goal: 'minimize' }],
      search_space: SPACE,
    });
    expect(made.body.search_space).toEqual(SPACE);
    expect((await api.get<Schemas['Study']>(`/v1/studies/${made.body.id}`)).body.search_space).toEqual(SPACE);
    const { body } = await suggest({ count: 10 }, made.body.id);
    expect(body).toMatchObject({ model: null, incumbent: null, search_space: { basis: 'study', trials: null } });
    expect(new Set(body.suggestions.map(({ x }) => Math.floor(((x.level as number) - 1) / 4))).size).toBe(10);
    expect(body.suggestions.every(({ score, prediction }) => score === null && prediction === null)).toBe(true);
  });
});

describe('rank', () => {
  it('orders candidates by the criterion, with what the model says of each', async () => {
    const candidates = [5, 12, 25, 39].map((level) => ({ level, kind: 'a' }));
    const reply = await api.post<Ranked>(`/v1/studies/${study}:rank`, {
      candidates,
      objective: 'loss',
      goal: 'minimize',
    });
    expect(reply.status).toBe(200);
    const { ranking, ...rest } = reply.body;
    expect(rest).toMatchObject({ model: { id: model }, objective: 'loss', incumbent: 0 });
    expect(ranking.map(({ candidate }) => candidate).sort()).toEqual([0, 1, 2, 3]);
    const scores = ranking.map(({ score }) => score!);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const predicted = await api.post<Schemas['PredictionResult']>(`/v1/studies/${study}/predictions`, {
      queries: candidates,
      intervals: [0.5, 0.9],
    });
    for (const { candidate, prediction } of ranking) {
      // The joint answer for several objectives may see the first one alone: the same distribution, corrected in the same way.
      const { median, mean, sd, intervals } = predicted.body.predictions[candidate]!.objectives.loss!;
      expect(prediction.median).toBeCloseTo(median, 9);
      expect(prediction.mean).toBeCloseTo(mean, 9);
      expect(prediction.sd).toBeCloseTo(sd, 9);
      const ends = [intervals[1]!.lower, intervals[0]!.lower, intervals[0]!.upper, intervals[1]!.upper];
      prediction.quantiles.forEach(({ y }, i) => {
        expect(y).toBeCloseTo(ends[i]!, 9);
      });
    }
  });

  it('holds candidates against the space of the study', async () => {
    const made = await api.post<Schemas['Study']>('/v1/studies', { name: 'fenced', search_space: SPACE });
    const reply = await api.post<Schemas['Problem']>(`/v1/studies/${made.body.id}:rank`, {
      goal: 'minimize',
      candidates: [
        { level: 5, kind: 'a' },
        { level: 50, kind: 'c' },
      ],
    });
    expect(reply).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/candidates/1', code: 'outside_space' }] },
    });
    expect(reply.body.errors![0]!.fix).toMatch(/'level' is 50: give an integer from 1 to 40\. 'kind' is "c"/);
  });
});
