// What smaller weights cost and gain: a model trained on the compression studies; the size, validation and speed of each
// precision, by turns in one run. Usage: npm run bench:exports -- [--steps 600] [--rounds 8]; figures: docs/models.md.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { packageFile } from '../../tokenizer/package-root.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { makeQuestions } from '../../trainer/episodes.js';
import { FILE_SUFFIX } from '../../trainer/hugging-face/export-files.js';
import { Inference } from '../../trainer/model/inference.js';
import { PRECISIONS, type Precision } from '../../trainer/model/precision.js';
import { loadModel, saveModel } from '../../trainer/model-directory.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import { train } from '../../trainer/train.js';
import type { Json, JsonObject, StudyData } from '../../trainer/types.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    d_model: { type: 'string', default: '128' },
  },
});
const threads = Number(options.threads);
const QUERIES = 64;

const folder = await mkdtemp(join(tmpdir(), 'omnireg-exports-'));
try {
  const studies = await compressionStudies();
  const outDir = join(folder, 'model');
  const config = { steps: Number(options.steps), threads, d_model: Number(options.d_model) };
  await train({ studies, outDir, workDir: join(folder, 'work'), config });
  const model = await loadModel(outDir);
  // All three are written, whether they are offered or not, to weigh them.
  await saveModel(outDir, model, PRECISIONS);

  const { prompts, codecs } = questions(studies[0]!, new PromptEncoder(model.tokenizer, model.card));
  const inferences = PRECISIONS.map((precision) => new Inference({ ...model, precision }, threads));
  const times = PRECISIONS.map((): number[] => []);
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [i, inference] of inferences.entries()) {
      const begin = performance.now();
      await inference.distributions(prompts, codecs);
      // The first round compiles.
      if (round > 0) times[i]!.push(performance.now() - begin);
    }
  }
  await Promise.all(inferences.map((inference) => inference.release()));

  console.log('| precision | encoder + decoder, MB | validation score | error | offered | ms for 64 queries, median |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [i, precision] of PRECISIONS.entries()) {
    const { metrics, exports } = model.card;
    const report = precision === 'float32' ? undefined : exports![precision];
    const score = report?.validation_score ?? metrics.validation_score!;
    const error = report?.validation_error ?? metrics.validation_error!;
    const median = times[i]!.sort((a, b) => a - b)[Math.floor(times[i]!.length / 2)]!;
    const size = (await megabytes(outDir, precision)).map((mb) => mb.toFixed(2)).join(' + ');
    const offered = report ? (report.offered ? 'yes' : 'no') : 'always';
    console.log(
      `| ${precision} | ${size} | ${score.toFixed(5)} | ${error.toFixed(5)} | ${offered} | ${median.toFixed(0)} |`,
    );
  }
  const weights = (await stat(join(outDir, 'model.safetensors'))).size / 1e6;
  console.log(`model.safetensors ${weights.toFixed(2)} MB; ${model.card.metrics.validation_trials} trials held back`);
} finally {
  await rm(folder, { recursive: true, force: true });
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

/** Prompts about trials of a study that is half known. */
function questions(study: StudyData, encoder: PromptEncoder) {
  const context = study.trials.slice(0, 100);
  const asked = makeQuestions(study, context, study.trials.slice(100, 100 + QUERIES), 1, encoder);
  return { prompts: asked.map((q) => renderPrompt(q)), codecs: asked.map((q) => new RelativeCodec(q.frame!)) };
}
