// What the model is asked: prompts and the codecs their answers are written in. Questions of any studies can be asked together.
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { keepPlausible, type PlausibleRange } from '../calibration/plausible.js';
import type { Distribution } from '../distribution.js';
import type { Difficulty, Evidence, Point } from '../evidence.js';
import type { Relatives } from '../history/relatives.js';
import type { Weights } from '../model/parameters.js';
import { type PromptEncoder, renderPrompt } from '../prompt.js';
import type { JsonObject, StudyHead } from '../types.js';

/** One prompt and one codec a query, and where its answer can be, as far as that is known. */
export interface Questions {
  prompts: number[][];
  codecs: NumberCodec[];
  plausible: (PlausibleRange | undefined)[];
  /** The probability of failure by the study's own trials; undefined where none failed yet, and the model alone can tell. */
  failures: (number | undefined)[];
  /** Undefined where nothing was measured yet. */
  difficulties: (Difficulty | undefined)[];
}

/** What answers prompts: the model itself, or a queue of several requests in front of it. */
export interface AnswersPrompts {
  /**
   * A distribution for each prompt, written in the codec beside it.
   * @param adapter weights of the adapter to answer with, where the model is served with one
   * @param signal when it is aborted, prompts that wait are not run and the promise rejects with its reason
   */
  distributions(
    prompts: readonly number[][],
    codecs: readonly NumberCodec[],
    adapter?: Weights,
    signal?: AbortSignal,
  ): Promise<Distribution[]>;
  /**
   * The mean of the encoder's states over a part of each prompt, [d_model].
   * @param spans first token and the one behind the last, at least one of each prompt
   */
  embeddings(
    prompts: readonly number[][],
    spans: readonly (readonly [begin: number, end: number])[],
    adapter?: Weights,
    signal?: AbortSignal,
  ): Promise<Float32Array[]>;
  release(): Promise<void>;
}

/** Asks the model: a distribution for each question, in their order. */
export type Answer = (questions: Questions) => Promise<Distribution[]>;

/** Finds what other studies say of the one in question, whose parameters these are; undefined where none is related. */
export type Ask = (xs: readonly JsonObject[]) => Relatives | undefined;

const ABSOLUTE = new AbsoluteCodec();

/** @param evidence of the study's trials, none of which is among the queries; undefined where there are none */
export function questionsAbout(
  study: StudyHead,
  queries: readonly Point[],
  evidence: Evidence | undefined,
  encoder: PromptEncoder,
): Questions {
  const metadata = encoder.metadata(study);
  const asked = evidence?.ask(queries, encoder.frame);
  const failures = evidence?.failure(queries);
  const questions: Questions = { prompts: [], codecs: [], plausible: [], failures: [], difficulties: [] };
  queries.forEach((query, q) => {
    const pieces = encoder.evidence(asked?.[q]?.pieces ?? []);
    const frame = asked?.[q]?.frame;
    questions.prompts.push(
      renderPrompt({ evidence: pieces, metadata, x: encoder.parameters(query, pieces, metadata) }),
    );
    questions.codecs.push(frame ? new RelativeCodec(frame, encoder.digits) : ABSOLUTE);
    questions.plausible.push(evidence?.plausible(query));
    questions.failures.push(failures?.[q]);
    questions.difficulties.push(asked?.[q]?.difficulty);
  });
  return questions;
}

/**
 * Prompts that hold an x beside the study's metadata and no evidence, and where in them x stands: what the model makes of x
 * itself. No y of the study is in them, so that they stay as they are while the study grows.
 */
export function promptsOf(
  study: StudyHead,
  xs: readonly JsonObject[],
  encoder: PromptEncoder,
): { prompts: number[][]; spans: [begin: number, end: number][] } {
  const metadata = encoder.metadata(study);
  const prompts: number[][] = [];
  const spans: [number, number][] = [];
  for (const x of xs) {
    const prompt = renderPrompt({ evidence: [], metadata, x: encoder.parameters({ x }, [], metadata) });
    // Behind metadata and its marker, the marker of x; the last token ends the prompt.
    const end = prompt.length - 1;
    prompts.push(prompt);
    // An x of which nothing found room is what its marker says.
    spans.push([Math.min(metadata.length + 2, end - 1), end]);
  }
  return { prompts, spans };
}

/** Asks, and keeps each answer within what is plausible; how likely it fails its study's trials say where they can. One batch, whatever studies the questions are about. */
export async function askModel(
  model: Pick<AnswersPrompts, 'distributions'>,
  { prompts, codecs, plausible, failures }: Omit<Questions, 'difficulties'>,
  adapter?: Weights,
  signal?: AbortSignal,
): Promise<Distribution[]> {
  const distributions = await model.distributions(prompts, codecs, adapter, signal);
  return distributions.map((distribution, q) => {
    const range = plausible[q];
    const kept = range ? keepPlausible(distribution, range) : distribution;
    const failure = failures[q];
    return failure === undefined ? kept : kept.failing(failure);
  });
}
