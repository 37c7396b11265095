// The base model that ships: its files, and a server that answers with it before anything was trained, and trains from it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startServer } from '../../service/server.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { loadModel } from '../../trainer/model-directory.js';
import { HELD_OUT_FAMILIES } from '../../trainer/pretraining/families.js';
import { temporaryStoreFolder } from './shared-server.js';
import { client, jobEnd, type Schemas } from './test-server.js';

vi.setConfig({ testTimeout: 120_000 });
const shipped = packageFile('trainer', 'base');

it('is whole, small, current, and has not seen what it is judged on', async () => {
  const files = readdirSync(shipped);
  const bytes = files.reduce((sum, file) => sum + statSync(join(shipped, file)).size, 0);
  expect(bytes).toBeLessThan(20e6);
  // Reading it checks every tensor's shape, and the versions of text and of prompts.
  const model = await loadModel(shipped);
  expect(model.history).toEqual([]);
  expect(model.card.calibration_scores.length).toBeGreaterThan(100);
  const card = readFileSync(join(shipped, 'README.md'), 'utf8');
  const families = [...card.matchAll(/^\| (\w+) \| \d+ \| [\d,]+ \| .+ \|$/gm)].map(([, family]) => family!);
  expect(families.length).toBeGreaterThanOrEqual(10);
  for (const family of Object.keys(HELD_OUT_FAMILIES)) expect(families).not.toContain(family);
  const { files: packed } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { files: string[] };
  expect(packed).toContain('trainer/base');
});

it('answers before the first training, and is what the first training starts from', async () => {
  const dataDir = temporaryStoreFolder();
  const server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'shipped' }, {});
  try {
    // A copy stands among the server's own models: a newer OmniReg may ship another one.
    const [copy] = readdirSync(join(dataDir, 'models'));
    expect(copy).toMatch(/^base-[0-9a-f]{12}$/);
    expect(readdirSync(join(dataDir, 'models', copy!)).sort()).toEqual(readdirSync(shipped).sort());

    const api = client(server.url);
    const { id } = await api.makeStudy(['seconds']);
    const seconds = (level: number) => 3 + 0.7 * level;
    const trials = Array.from({ length: 20 }, (_, i) => ({ x: { level: i }, y: { seconds: seconds(i) } }));
    await api.addTrials(id, trials);
    const queries = [{ level: 4.5 }, { level: 11.5 }, { level: 16.5 }];
    const { body: told } = await api.post<Schemas['PredictionResult']>(`/v1/studies/${id}/predictions`, { queries });
    expect(told.model.id).toBe('base');
    for (const [i, { objectives }] of told.predictions.entries()) {
      const { median, intervals } = objectives.seconds!;
      const truth = seconds(queries[i]!.level);
      expect(Math.abs(median - truth)).toBeLessThan(0.5);
      const [{ lower, upper } = { lower: Number.NaN, upper: Number.NaN }] = intervals;
      expect(lower <= truth && truth <= upper).toBe(true);
    }

    // A y that spans powers of ten is searched on a bent scale, and told on its own.
    const { id: steep } = await api.makeStudy(['bytes']);
    const bytes = (level: number) => 10 ** (1 + ((level - 12) / 6) ** 2);
    const measured = Array.from({ length: 20 }, (_, i) => ({ x: { level: i / 2 }, y: { bytes: bytes(i / 2) } }));
    await api.addTrials(steep, measured);
    const wanted = { goal: 'minimize', count: 3, search_space: { level: { type: 'float', low: 0, high: 20 } } };
    const { body: suggested } = await api.post<Schemas['SuggestionResult']>(`/v1/studies/${steep}:suggest`, wanted);
    expect(suggested.suggestions).toHaveLength(3);
    for (const { prediction } of suggested.suggestions) {
      expect(prediction!.median).toBeGreaterThan(1);
      expect(prediction!.median).toBeLessThan(bytes(0));
    }

    const request = { studies: [id], hyperparameters: { steps: 2, batch_size: 4 } };
    const { body: job } = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', request);
    const ended = await jobEnd(server.url, job.id);
    expect(ended).toMatchObject({ status: 'succeeded', parent: null });
    const folder = join(dataDir, 'models', ended.fine_tuned_model!);
    const shape = (path: string) => JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as object;
    expect(shape(folder)).toEqual(shape(shipped));
    expect(existsSync(join(folder, 'history.json'))).toBe(true);
  } finally {
    await server.close();
  }
});
