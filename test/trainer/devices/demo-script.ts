// Trains the demo's model for 50 steps on one device and predicts 200 trials of a study that it has not seen, in a process of its own.
import { EXAMPLES_FOLDER, type Example, findExamples, readExample } from '../../../clients/cli/demo/examples.js';
import type { Device } from '../../../trainer/devices/device.js';
import { DeviceTensor } from '../../../trainer/graph/device-tensor.js';
import { Predictor } from '../../../trainer/prediction/predictor.js';
import { train } from '../../../trainer/train.js';
import type { StudyData } from '../../../trainer/types.js';
import { isolated } from '../../isolated.js';

export interface DemoRun {
  device: Device;
  /** Where the model and the scratch space go. */
  outDir: string;
  workDir: string;
}

export interface DemoReport {
  /** What the training said of its device. */
  log: string[];
  medians: number[];
  /** Lower ends of the 90% intervals. */
  lower: number[];
  /** Largest less smallest y of the predicted study. */
  range: number;
  left: number;
  seconds: { train: number; predict: number };
}

/** The demo's own, but for the number of steps and the examples in one: software does the work of a GPU here. */
const CONFIG = {
  steps: 50,
  run_steps: 10,
  batch_size: 4,
  warmup_steps: 10,
  episodes: 16,
  queries: 16,
  max_context: 30,
  max_prompt: 64,
  validation: 0,
  threads: 1,
};
const OBJECTIVE = 'compressed_bytes';
const LEARNED = ['dna', 'prose', 'noise'];
const ASKED = 'json-logs';
const KNOWN_TRIALS = 8;
const QUERIES = 200;

async function studyOf(example: Example): Promise<StudyData> {
  const trials = await readExample(example);
  const measured = (y: unknown) => (typeof y === 'object' ? (y as Record<string, number>)[OBJECTIVE]! : (y as number));
  return {
    id: example.name,
    metadata: example.metadata,
    objective: example.objectives[0]!,
    trials: trials.map(({ x, y }) => ({ x, y: measured(y) })),
  } as StudyData;
}

const { device, outDir, workDir } = isolated.arguments<DemoRun>();
const examples = await findExamples(EXAMPLES_FOLDER, [OBJECTIVE]);
const named = (name: string) => studyOf(examples.find((example) => example.name === name)!);
const log: string[] = [];
const begin = performance.now();
await train(
  { studies: await Promise.all(LEARNED.map(named)), outDir, workDir, config: { ...CONFIG, device } },
  { onEvent: (event) => event.type === 'log' && log.push(`${event.level}: ${event.message}`) },
);
const trained = performance.now();

const study = await named(ASKED);
const predictor = await Predictor.load(outDir, 1, device);
const { predictions } = await predictor.predict({
  study: { ...study, trials: study.trials.slice(0, KNOWN_TRIALS) },
  queries: study.trials.slice(KNOWN_TRIALS, KNOWN_TRIALS + QUERIES).map(({ x }) => x),
  levels: [0.9],
  includeExperts: false,
});
await predictor.release();
const ys = study.trials.map(({ y }) => y!);
const report: DemoReport = {
  log,
  medians: predictions.map((p) => p.median),
  lower: predictions.map((p) => p.intervals[0]!.lower),
  range: Math.max(...ys) - Math.min(...ys),
  left: DeviceTensor.live,
  seconds: { train: (trained - begin) / 1000, predict: (performance.now() - trained) / 1000 },
};
isolated.report(report);
