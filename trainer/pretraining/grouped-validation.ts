// How well a model in the making answers about studies that were held back, group by group, beside what its experts say alone.
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { Frame } from '../../tokenizer/frame.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import type { Device } from '../devices/device.js';
import { Inference } from '../model/inference.js';
import type { ServedModel } from '../model/serving-graph.js';
import { renderPrompt } from '../prompt.js';
import type { GroupedQuestion } from './pretraining-worker.js';

export interface GroupScore {
  group: string;
  questions: number;
  /** Mean CRPS, in units of u of the study's frame: see `ValidationAnswers.score`. */
  crps: number;
  /** Mean of |median − y|, same units. */
  error: number;
  /** The same of the experts' weighted mean, the centre of the query's frame; absent where nothing was measured yet. */
  expertsError?: number;
}

/** Scores of each group of questions that have an answer, in order of name; failed trials are left out. */
export async function scoreGroups(
  questions: readonly GroupedQuestion[],
  model: ServedModel,
  threads: number,
  device: Device,
): Promise<GroupScore[]> {
  const measured = questions.filter(({ y }) => y !== null);
  const inference = new Inference(model, threads, device);
  try {
    const codecs = measured.map(({ frame }) =>
      frame ? new RelativeCodec(new Frame(frame.center, frame.scale), frame.digits) : new AbsoluteCodec(),
    );
    const distributions = await inference.distributions(
      measured.map((question) => renderPrompt(question)),
      codecs,
    );
    const sums = new Map<string, { questions: number; crps: number; error: number; experts: number; framed: number }>();
    measured.forEach(({ group, y, frame, studyFrame }, i) => {
      const sum = sums.get(group) ?? { questions: 0, crps: 0, error: 0, experts: 0, framed: 0 };
      sums.set(group, sum);
      const { center, scale } = studyFrame;
      const unit = new Frame(center, scale);
      const truth = unit.toUnit(y!);
      const inUnits = distributions[i]!.map((value) => unit.toUnit(value));
      sum.questions += 1;
      sum.crps += inUnits.crps(truth);
      sum.error += Math.abs(inUnits.median - truth);
      if (!frame) return;
      sum.framed += 1;
      sum.experts += Math.abs(unit.toUnit(frame.center) - truth);
    });
    return [...sums]
      .map(([group, { questions, crps, error, experts, framed }]) => ({
        group,
        questions,
        crps: crps / questions,
        error: error / questions,
        ...(framed > 0 && { expertsError: experts / framed }),
      }))
      .sort((a, b) => a.group.localeCompare(b.group, 'en', { numeric: true }));
  } finally {
    await inference.release();
  }
}
