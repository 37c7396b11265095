// How long predictions take: through the whole path, and the model alone beside the same model sampled 64 times without a
// cache, by turns in one run, and where the time goes.
// Usage: npm run bench:prediction -- --model <directory of a published model> [--threads 1] [--seconds 20] [--trials 64]
import { parseArgs } from 'node:util';
import { DEFAULT_CONFIG } from '../../service/config.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { makeQuestions } from '../../trainer/episodes.js';
import { OrtSession } from '../../trainer/graph/session.js';
import { Inference } from '../../trainer/model/inference.js';
import { loadModel } from '../../trainer/model-directory.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import type { StudyData } from '../../trainer/types.js';
import { compressionStudies, HOLDOUT } from './demo-data.js';
import { machineName } from './machine-rates.js';
import { SamplingPeer } from './sampling-peer.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string', default: String(DEFAULT_CONFIG.predictionThreads) },
    seconds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '64' },
  },
});
if (!options.model) throw new Error('--model: name the directory of a published model, such as one of `npm run demo`');
const threads = Number(options.threads);
const SAMPLES = 64;
/** Trials that the study has; the others are asked about. */
const CONTEXT = Number(options.trials);
const BATCHES = [1, 16, 256];
/** 256 queries with copies take half a minute. */
const LARGEST_COPIED = 16;

/** Time in sessions of the last call: all runs of this thread go through here, one at a time. */
const native = { encoder: 0, decoder: 0, levels: 0, rows: 0 };
const plainRun = OrtSession.prototype.run;
OrtSession.prototype.run = async function (this: OrtSession, feeds) {
  const begin = performance.now();
  const outputs = await plainRun.call(this, feeds);
  const time = performance.now() - begin;
  if ('places' in feeds) {
    native.decoder += time;
    native.levels++;
    native.rows += feeds.tokens!.dims[0]!;
  } else native.encoder += time;
  return outputs;
};

const model = await loadModel(options.model);
const [study] = await compressionStudies((name) => name === HOLDOUT);
const encoder = new PromptEncoder(model.tokenizer, model.card);
const known = { context: study!.trials.slice(0, CONTEXT), seed: 1 };
const asked = makeQuestions(study!, known, study!.trials.slice(CONTEXT), encoder);
const prompts = asked.map((q) => renderPrompt(q));
const codecs = asked.map((q) => new RelativeCodec(q.frame!));
console.log(`${machineName()}, ${threads} threads; ${prompts.length} prompts of ${describe(prompts)} tokens`);

const inference = new Inference(model, threads);
const peers = (['copied', 'shared'] as const).map((states) => ({
  states,
  peer: new SamplingPeer(model, threads, SAMPLES, states),
}));
await wholePath();

const cold = performance.now();
await inference.distributions(prompts.slice(0, 1), codecs.slice(0, 1));
console.log(`first prediction, sessions made for it: ${(performance.now() - cold).toFixed(0)} ms`);
for (const { peer } of peers) await peer.medians(prompts.slice(0, 1), codecs.slice(0, 1));

console.log('| queries | calls | ms p50 | ms p95 | a second | encoder | decoder | rest | levels | prefixes a query |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
const lines: string[] = [];
for (const size of BATCHES) {
  const ours: number[] = [];
  const theirs = peers.map((): number[] => []);
  const spent = { encoder: 0, decoder: 0, levels: 0, rows: 0, all: 0 };
  const until = performance.now() + (1000 * Number(options.seconds)) / BATCHES.length;
  for (let call = 0; call < 4 || performance.now() < until; call++) {
    const from = (call * size) % (prompts.length - size + 1);
    const [p, c] = [prompts.slice(from, from + size), codecs.slice(from, from + size)];
    Object.assign(native, { encoder: 0, decoder: 0, levels: 0, rows: 0 });
    const time = await timed(() => inference.distributions(p, c));
    // The first call of each size allocates.
    if (call === 0) continue;
    ours.push(time);
    for (const key of ['encoder', 'decoder', 'levels', 'rows'] as const) spent[key] += native[key];
    spent.all += time;
    // The peers are slower by far: a turn whenever one has had no more time than we have, so that all get about the same.
    for (const [i, { states, peer }] of peers.entries()) {
      const had = theirs[i]!.reduce((sum, one) => sum + one, 0);
      if (had > spent.all || (states === 'copied' && size > LARGEST_COPIED)) continue;
      theirs[i]!.push(await timed(() => peer.medians(p, c)));
    }
  }
  const calls = ours.length;
  const each = (value: number) => (value / calls).toFixed(2);
  const p50 = quantile(ours, 0.5);
  console.log(
    `| ${size} | ${calls} | ${p50.toFixed(2)} | ${quantile(ours, 0.95).toFixed(2)} | ${((1000 * size) / p50).toFixed(0)} ` +
      `| ${each(spent.encoder)} | ${each(spent.decoder)} | ${each(spent.all - spent.encoder - spent.decoder)} ` +
      `| ${each(spent.levels)} | ${(spent.rows / calls / size).toFixed(1)} |`,
  );
  peers.forEach(({ states }, i) => {
    const times = theirs[i]!;
    if (times.length === 0) return;
    const sampled = quantile(times, 0.5);
    const p95 = quantile(times, 0.95).toFixed(1);
    const ratio = `${(sampled / p50).toFixed(1)} ×`;
    lines.push(`| ${size} | ${states} | ${times.length} | ${sampled.toFixed(1)} | ${p95} | ${ratio} |`);
  });
}
console.log(`\n| queries | encoder's states | calls | ${SAMPLES} samples each, ms p50 | p95 | of ours |`);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const line of lines) console.log(line);
await Promise.all([inference.release(), ...peers.map(({ peer }) => peer.release())]);

/**
 * From the study and x to calibrated intervals, as the service's worker does it: the experts' evidence, the prompt, the model
 * and the answer, HTTP left out. First what a study costs once: its experts, other studies' history, and its calibration.
 */
async function wholePath(): Promise<void> {
  const begin = performance.now();
  const predictor = await Predictor.load(options.model!, threads);
  const loaded = performance.now();
  await predictor.warmUp();
  const warm = performance.now();
  const trials = study!.trials.slice(0, CONTEXT);
  const xs = study!.trials.slice(CONTEXT).map(({ x }) => x);
  const known: StudyData = { ...study!, trials, version: '1' };
  const levels = [0.5, 0.8, 0.9];
  await predictor.distributionsOf(known, xs.slice(0, 1));
  const first = performance.now();
  await predictor.predict({ study: known, queries: xs.slice(0, 1), levels, includeExperts: false });
  const calibrated = performance.now();
  const ms = (from: number, to: number) => `${(to - from).toFixed(0)} ms`;
  console.log(
    `\nwhole path, ${trials.length} trials: model loaded ${ms(begin, loaded)}, sessions and first run ${ms(loaded, warm)}, ` +
      `experts, history and first answer ${ms(warm, first)}, calibration ${ms(first, calibrated)}`,
  );
  console.log('| queries | calls | ms p50 | ms p95 | a second | processor ms a query |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const size of BATCHES) {
    const times: number[] = [];
    const busy: number[] = [];
    const until = performance.now() + (1000 * Number(options.seconds)) / BATCHES.length;
    for (let call = 0; call < 4 || performance.now() < until; call++) {
      const from = (call * size) % (xs.length - size + 1);
      const queries = xs.slice(from, from + size);
      const before = process.cpuUsage();
      const time = await timed(() => predictor.predict({ study: known, queries, levels, includeExperts: false }));
      const { user, system } = process.cpuUsage(before);
      if (call === 0) continue;
      times.push(time);
      busy.push((user + system) / 1000);
    }
    const p50 = quantile(times, 0.5);
    console.log(
      `| ${size} | ${times.length} | ${p50.toFixed(2)} | ${quantile(times, 0.95).toFixed(2)} ` +
        `| ${((1000 * size) / p50).toFixed(0)} | ${(quantile(busy, 0.5) / size).toFixed(2)} |`,
    );
  }
  console.log('\nthe model alone:');
  await predictor.release();
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}

function describe(of: readonly number[][]): string {
  const lengths = of.map((p) => p.length);
  return `${Math.min(...lengths)} to ${Math.max(...lengths)}`;
}
