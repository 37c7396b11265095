// What smaller weights cost and gain: a model trained on the compression studies; the size, validation and speed of each
// precision, by turns in one run. Usage: npm run bench:exports -- [--steps 600] [--rounds 8]; figures: docs/models.md.
// With --untrained 30M: size and the encoder's speed alone, of random weights in the proportions of T5 v1.1 small.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { packageFile } from '../../tokenizer/package-root.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { SERIALIZATION_VERSION } from '../../tokenizer/serialize.js';
import { makeQuestions } from '../../trainer/episodes.js';
import { OrtSession } from '../../trainer/graph/session.js';
import { FILE_SUFFIX } from '../../trainer/hugging-face/export-files.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from '../../trainer/model/config.js';
import { Inference } from '../../trainer/model/inference.js';
import { initialWeights } from '../../trainer/model/parameters.js';
import { PRECISIONS, type Precision } from '../../trainer/model/precision.js';
import { encoderGraph, type ServedModel } from '../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../trainer/model/t5.js';
import { loadModel, saveModel } from '../../trainer/model-directory.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import { train } from '../../trainer/train.js';
import type { Json, JsonObject, StudyData } from '../../trainer/types.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    untrained: { type: 'string' },
  },
});
const threads = Number(options.threads);
const QUERIES = 64;
const UNTRAINED: Record<string, Partial<ModelConfig>> = {
  '1M': {},
  '30M': { d_model: 512, d_kv: 64, num_heads: 6, d_ff: 1024, num_layers: 6, num_decoder_layers: 5 },
};

const folder = await mkdtemp(join(tmpdir(), 'omnireg-exports-'));
try {
  const studies = await compressionStudies();
  const outDir = join(folder, 'model');
  if (options.untrained !== undefined) await saveUntrained(outDir, UNTRAINED[options.untrained]!);
  else {
    const config = { steps: Number(options.steps), threads };
    await train({ studies, outDir, workDir: join(folder, 'work'), config });
  }
  const model = await loadModel(outDir);
  // All three are written, whether they are offered or not, to weigh them.
  await saveModel(outDir, model, PRECISIONS);

  const asked = questions(studies[0]!, new PromptEncoder(model.tokenizer, model.card));
  const runs = await Promise.all(
    PRECISIONS.map((precision) => {
      const served = { ...model, precision };
      return options.untrained === undefined ? wholeAnswers(served, asked) : encoderAlone(served, asked.prompts);
    }),
  );
  const times = PRECISIONS.map((): number[] => []);
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [i, { run }] of runs.entries()) {
      const begin = performance.now();
      await run();
      // The first round compiles.
      if (round > 0) times[i]!.push(performance.now() - begin);
    }
  }
  await Promise.all(runs.map(({ release }) => release()));

  console.log('| precision | encoder + decoder, MB | validation score | error | offered | ms for 64 queries, median |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [i, precision] of PRECISIONS.entries()) {
    const { metrics, exports } = model.card;
    const report = precision === 'float32' ? undefined : exports?.[precision];
    const score = (report?.validation_score ?? metrics.validation_score)?.toFixed(5) ?? '–';
    const error = (report?.validation_error ?? metrics.validation_error)?.toFixed(5) ?? '–';
    const median = times[i]!.sort((a, b) => a - b)[Math.floor(times[i]!.length / 2)]!;
    const size = (await megabytes(outDir, precision)).map((mb) => mb.toFixed(2)).join(' + ');
    const offered = precision === 'float32' ? 'always' : report ? (report.offered ? 'yes' : 'no') : '–';
    console.log(`| ${precision} | ${size} | ${score} | ${error} | ${offered} | ${median.toFixed(0)} |`);
  }
  const weights = (await stat(join(outDir, 'model.safetensors'))).size / 1e6;
  console.log(
    `model.safetensors ${weights.toFixed(2)} MB; ${model.card.metrics.validation_trials ?? 0} trials held back`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function saveUntrained(directory: string, shape: Partial<ModelConfig>): Promise<void> {
  const config = { ...DEFAULT_MODEL_CONFIG, ...shape };
  const tokenizerJson = await readFile(packageFile('tokenizer', 'tokenizer.json'), 'utf8');
  const card = { serialization_version: SERIALIZATION_VERSION, max_prompt: 384, max_metadata: 96, metrics: {} };
  const weights = initialWeights(config, 1);
  await saveModel(directory, {
    config,
    weights,
    tokenizerJson,
    history: [],
    card: { ...card, calibration_scores: [], training: {} },
  });
}

function megabytes(directory: string, precision: Precision): Promise<number[]> {
  const files = ['encoder_model', 'decoder_model_merged'].map((name) => `${name}${FILE_SUFFIX[precision]}.onnx`);
  return Promise.all(files.map(async (file) => (await stat(join(directory, 'onnx', file))).size / 1e6));
}

async function compressionStudies(): Promise<StudyData[]> {
  const examples = packageFile('test', 'examples', 'compression');
  const names = (await readdir(examples)).filter((file) => file.endsWith('.csv')).sort();
  const all = names.map(async (file): Promise<StudyData[]> => {
    const rows = parse(await readFile(join(examples, file)), { columns: true, cast: cellValue }) as JsonObject[];
    const described = JSON.parse(await readFile(join(examples, file.replace('.csv', '.json')), 'utf8'));
    const { objectives, ...metadata } = described as { objectives: StudyData['objective'][] } & JsonObject;
    const measured = new Set(objectives.map(({ name }) => name));
    return objectives.map((objective) => ({
      id: `${file} ${objective.name}`,
      metadata,
      objective,
      trials: rows.map((row) => ({
        x: Object.fromEntries(Object.entries(row).filter(([key, value]) => !measured.has(key) && value !== null)),
        y: row[objective.name] as number,
      })),
    }));
  });
  return (await Promise.all(all)).flat();
}

function cellValue(cell: string, { header }: { header: boolean }): Json {
  if (header) return cell;
  return cell === '' ? null : Number.isNaN(Number(cell)) ? cell : Number(cell);
}

interface Timed {
  run: () => Promise<unknown>;
  release: () => Promise<void>;
}

async function wholeAnswers(model: ServedModel, { prompts, codecs }: ReturnType<typeof questions>): Promise<Timed> {
  const inference = new Inference(model, threads);
  return { run: () => inference.distributions(prompts, codecs), release: () => inference.release() };
}

/** Untrained weights find every number likely, so that whole answers would look into all of them. */
async function encoderAlone(model: ServedModel, prompts: readonly number[][]): Promise<Timed> {
  const session = await OrtSession.create(encoderGraph(model), { threads });
  const length = Math.max(...prompts.map((p) => p.length));
  const ids = new Int32Array(prompts.length * length);
  prompts.forEach((prompt, i) => ids.set(prompt, i * length));
  const buckets = { data: relativeBuckets(length, true, model.config), dims: [length, length] };
  const feeds = { input_ids: { data: ids, dims: [prompts.length, length] }, buckets };
  return { run: () => session.run(feeds), release: () => session.release() };
}

/** Prompts about trials of a study that is half known. */
function questions(study: StudyData, encoder: PromptEncoder) {
  const context = study.trials.slice(0, 100);
  const asked = makeQuestions(study, { context, seed: 1 }, study.trials.slice(100, 100 + QUERIES), encoder);
  return { prompts: asked.map((q) => renderPrompt(q)), codecs: asked.map((q) => new RelativeCodec(q.frame!)) };
}
