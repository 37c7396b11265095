// Speed of training beside PyTorch's, by turns in one run, and where a step goes. See docs/speed.md.
// Usage: npm run bench:training -- [--size 1M|30M|200M] [--shapes 64x48,32x112] [--rounds 8] [--write]; all options below.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { chooseDevice } from '../../trainer/devices/choose-device.js';
import { DEVICE_REQUESTS, type DeviceRequest } from '../../trainer/devices/device.js';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from '../../trainer/model/config.js';
import { initialWeights, parameterSpecs, sizeOf } from '../../trainer/model/parameters.js';
import type { BatchShape } from '../../trainer/model/training-graph.js';
import { adamW } from '../../trainer/optimizers/adamw.js';
import { Random } from '../../trainer/random.js';
import { DEFAULT_TRAIN_CONFIG } from '../../trainer/train-config.js';
import { arithmeticPeak, machineName, productRate, stepOperations } from './machine-rates.js';
import { findPython } from './python-peer.js';
import { ourSide, peerSide, type Run } from './sides.js';
import { type Measured, writeReport } from './speed-report.js';
import { PRODUCTS, profileStep, type StepProfile } from './step-profile.js';
import { parsePeerThreads, TORCH_MODULES } from './torch-peer.js';

const { values: options } = parseArgs({
  options: {
    /** Parameters of the model, about. */
    size: { type: 'string', default: '1M' },
    /** Batch × prompt length, tokens. */
    shapes: { type: 'string', default: '64x48,32x112,32x176' },
    rounds: { type: 'string', default: '8' },
    /** Steps a run, of either side. */
    steps: { type: 'string', default: '10' },
    /** Of either side; one a core by default. */
    threads: { type: 'string', default: String(availableParallelism()) },
    device: { type: 'string', default: 'cpu' },
    /** PyTorch's threads and OpenBLAS's, each pair a peer of its own. */
    'peer-threads': { type: 'string' },
    'peer-device': { type: 'string', default: 'cpu' },
    /** The peer under torch.compile (PyTorch 2). */
    compile: { type: 'boolean', default: false },
    'no-peer': { type: 'boolean', default: false },
    'no-profile': { type: 'boolean', default: false },
    /** Puts the figures and pictures into docs/. */
    write: { type: 'boolean', default: false },
  },
});

/** The larger ones have the proportions of the published T5 v1.1 small and base. */
const SIZES: Record<string, Partial<ModelConfig>> = {
  '1M': {},
  '30M': { d_model: 512, d_kv: 64, num_heads: 6, d_ff: 1024, num_layers: 6, num_decoder_layers: 5 },
  '200M': { d_model: 768, d_kv: 64, num_heads: 12, d_ff: 2048, num_layers: 12, num_decoder_layers: 12 },
};
const chosen = SIZES[options.size];
if (!chosen) throw new Error(`--size ${options.size}: use ${Object.keys(SIZES).join(', ')}`);
const config: ModelConfig = { ...DEFAULT_MODEL_CONFIG, ...chosen };
const { beta1, beta2, epsilon, weight_decay, clip_norm } = DEFAULT_TRAIN_CONFIG;
const optimizer = { beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm };
const threads = Number(options.threads);
const runSteps = Number(options.steps);
const peerThreads =
  options['peer-threads'] ?? [...new Set([`${threads}/${threads}`, `${threads}/${threads}/passive`, '1/1'])].join(',');
/** Share of the machine at work for others above which figures do not count. */
const DISTURBED = 0.04;
const lines: string[] = [];
const print = (line: string) => {
  console.log(line);
  lines.push(line);
};
const gflops = (rate: number) => `${(rate / 1e9).toFixed(0)} GFLOP/s`;
const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const median = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

function makeBatches(shape: BatchShape): StackedBatches {
  const { batch, length, steps } = shape;
  const random = new Random(2);
  const ids = (count: number, below: number) => Int32Array.from({ length: count }, () => 1 + random.integer(below - 1));
  const examples = runSteps * batch;
  const tokens = config.number_token_end - config.number_token_begin;
  return {
    shape,
    runSteps,
    inputIds: ids(examples * length, config.vocab_size),
    decoderIds: ids(examples * steps, tokens),
    targets: ids(examples * steps, tokens),
    weights: new Float32Array(examples * steps).fill(1 / (batch * steps)),
  };
}

/** Runs all sides by turns, from the same weights on the same batches. */
async function measure(shape: BatchShape, python: string | undefined): Promise<Measured> {
  const batches = makeBatches(shape);
  const rates = new Float32Array(runSteps).fill(1e-4);
  const course = { config, weights: initialWeights(config, 1), optimizer, batches, rates };
  const sides = [await ourSide(course, device, threads)];
  if (python) {
    const { 'peer-device': peerDevice, compile } = options;
    for (const text of peerThreads.split(',')) {
      const threads = parsePeerThreads(text);
      sides.push(await peerSide(course, { python, threads, device: peerDevice, compile }));
    }
  }
  const rounds: Run[][] = [];
  const apart = sides.map(() => 0);
  // The first round builds sessions and warms caches; its losses count, its times do not.
  for (let round = 0; round <= Number(options.rounds); round++) {
    const runs: Run[] = [];
    for (const side of sides) runs.push(await side.run());
    runs.forEach(({ loss }, s) => {
      for (let i = 0; i < runSteps; i++) apart[s] = Math.max(apart[s]!, Math.abs(loss[i]! - runs[0]!.loss[i]!));
    });
    if (round > 0) rounds.push(runs);
  }
  for (const side of sides) await side.stop();

  const last = rounds.at(-1)!;
  const times = (s: number) => rounds.map((runs) => runs[s]!.milliseconds);
  const processor = (s: number) => `processor time ${median(rounds.map((runs) => runs[s]!.processor)).toFixed(1)} ms`;
  const { batch, length, steps } = shape;
  print(`\nbatch ${batch} × ${length} prompt tokens + ${steps} decoder steps`);
  const others = median(rounds.flat().map((run) => run.others));
  if (others > DISTURBED)
    print(`  Other work took ${percent(others)} of the machine meanwhile: these figures do not count`);
  const peers = sides.slice(1).map(({ name }, i) => {
    const ratios = times(i + 1).map((t, r) => t / rounds[r]![0]!.milliseconds);
    return {
      name,
      milliseconds: median(times(i + 1)),
      fastest: Math.min(...times(i + 1)),
      ratio: median(ratios),
      ratios,
    };
  });
  printSpeed({ shape, milliseconds: median(times(0)), fastest: Math.min(...times(0)), others, peers }, processor(0));
  peers.forEach(({ name, milliseconds, fastest, ratio, ratios }, i) => {
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    print(`  ${name}: ${milliseconds.toFixed(1)} ms a step (fastest run ${fastest.toFixed(1)}), ${processor(i + 1)}`);
    print(`    OmniReg is ${ratio.toFixed(2)} × as fast: the median of ${ratios.length} pairs of runs, ${range}`);
    const [ours, theirs] = [last[0]!.loss[runSteps - 1]!, last[i + 1]!.loss[runSteps - 1]!];
    const count = runSteps * (rounds.length + 1);
    print(
      `    loss after ${count} steps ${ours.toFixed(6)} and ${theirs.toFixed(6)}, never further apart than ${apart[i + 1]!.toExponential(1)}`,
    );
  });
  return { shape, milliseconds: median(times(0)), fastest: Math.min(...times(0)), others, peers };
}

function printSpeed({ shape, milliseconds, fastest }: Measured, processor: string) {
  const rate = stepOperations(config, shape) / (milliseconds / 1000);
  const tokens = Math.round((shape.batch * shape.length) / (milliseconds / 1000));
  print(
    `  OmniReg: ${milliseconds.toFixed(1)} ms a step (fastest run ${fastest.toFixed(1)}), ${processor}, ${tokens} prompt tokens/s`,
  );
  const ofPeak = peak ? `, ${percent(rate / peak.rate)} of the arithmetic peak` : '';
  print(
    `    ${gflops(rate)} of matrix products over the whole step: ${percent(rate / product)} of ${productName}${ofPeak}`,
  );
}

function printProfile({ milliseconds, kinds, operators, products }: StepProfile, product: number) {
  print(`  Where ${milliseconds.toFixed(1)} ms go (the profiler's own cost among them):`);
  for (const { name, milliseconds: ms, nodes } of kinds) {
    print(
      `    ${name.padEnd(26)} ${ms.toFixed(1).padStart(6)} ms ${percent(ms / milliseconds).padStart(4)}  ${nodes} nodes`,
    );
  }
  const operations = products.reduce((sum, row) => sum + row.operations, 0);
  const inProducts = kinds.find(({ name }) => name === PRODUCTS)!.milliseconds;
  const rate = operations / (inProducts / 1000);
  print(`  Products alone: ${gflops(rate)}, ${percent(rate / product)} of ${productName}; the dearest:`);
  for (const row of products.slice(0, 10)) {
    const each = gflops(row.operations / (row.milliseconds / 1000));
    print(
      `    ${row.name.padEnd(34)} × ${String(row.nodes).padEnd(3)} ${row.milliseconds.toFixed(2).padStart(6)} ms  ${each}`,
    );
  }
  print('  Other operators, the dearest:');
  for (const row of operators.slice(0, 10)) {
    print(`    ${row.name.padEnd(46)} × ${String(row.nodes).padEnd(3)} ${row.milliseconds.toFixed(2).padStart(6)} ms`);
  }
}

const parameters = parameterSpecs(config).reduce((sum, spec) => sum + sizeOf(spec), 0);
print(`${machineName()}, Node ${process.version}, ${threads} threads`);
print(`${(parameters / 1e6).toFixed(2)} M parameters, float32, AdamW, ${runSteps} steps a run`);
if (!DEVICE_REQUESTS.includes(options.device as DeviceRequest)) {
  throw new Error(`--device ${options.device}: use ${DEVICE_REQUESTS.join(', ')}`);
}
const choice = await chooseDevice(options.device as DeviceRequest);
const { device } = choice;
print(choice.line);
const { rate: product, name: productName } = await productRate(choice, threads);
const peak = device === 'cpu' ? arithmeticPeak(threads) : undefined;
print(`${productName}: ${gflops(product)}${peak ? `, ${percent(product / peak.rate)} of the arithmetic peak` : ''}`);
if (peak) print(`arithmetic peak: ${gflops(peak.rate)} = ${peak.how}`);
const python = options['no-peer'] ? undefined : findPython(TORCH_MODULES);
if (!python && !options['no-peer']) {
  print('No Python with torch and numpy was found, so PyTorch is left out: install python3-torch or set PEER_PYTHON');
}
const measured: Measured[] = [];
const profiles: StepProfile[] = [];
for (const text of options.shapes.split(',')) {
  const [batch, length] = text.split('x').map(Number);
  const shape = { batch: batch!, length: length!, steps: 1 + new AbsoluteCodec().maxLength };
  const result = await measure(shape, python);
  measured.push(result);
  if (options['no-profile'] || device !== 'cpu') continue;
  const profile = await profileStep(config, makeBatches(shape), adamW(optimizer), threads);
  printProfile(profile, product);
  profiles.push(profile);
}
const disturbed = measured.some(({ others }) => others > DISTURBED);
if (options.write && disturbed)
  console.log('\ndocs/ stays as it is: run this again when nothing else runs on the machine');
else if (options.write) await writeReport(lines, measured, profiles);
