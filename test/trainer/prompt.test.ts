// Prompts: what stands where, what is cut first, and that a trial's own y never reaches its evidence.

import { beforeAll, describe, expect, it } from 'vitest';
import { studyFrame } from '../../tokenizer/frame.js';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { makeQuestions, trainingExamples } from '../../trainer/episodes.js';
import { Evidence } from '../../trainer/evidence.js';
import { questionsAbout } from '../../trainer/prediction/questions.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import type { StudyData } from '../../trainer/types.js';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await Tokenizer.load();
});

const study: StudyData = {
  id: 's',
  metadata: { title: 'Tuning', description: 'a long story '.repeat(10) },
  objective: { name: 'latency', goal: 'minimize', unit: 'ms' },
  trials: Array.from({ length: 12 }, (_, i) => ({
    x: { threads: i, cache: i % 3 === 0 },
    y: i % 5 === 4 ? null : 100 - i,
  })),
};

/** Its first eight trials. */
const known = { context: study.trials.slice(0, 8), seed: 1 };

const LIMITS = { max_prompt: 384, max_metadata: 96 };
const encoderOf = (max_prompt = LIMITS.max_prompt, max_metadata = LIMITS.max_metadata) =>
  new PromptEncoder(tokenizer, { max_prompt, max_metadata });

describe('a prompt', () => {
  it('is evidence, then metadata with the objective first, then x and the end', () => {
    const [question] = makeQuestions(study, known, study.trials.slice(8, 9), encoderOf());
    const text = tokenizer.decode(renderPrompt(question!));
    expect(text).toMatch(
      /^⟨evidence⟩⟨count⟩.*⟨failed⟩.*⟨boosting⟩.*⟨gp-sd⟩.*⟨metadata⟩goal⟨s⟩minimize⟨\/s⟩objective⟨s⟩latency⟨\/s⟩unit/,
    );
    expect(text).toMatch(/⟨x⟩cache⟨false⟩threads⟨\+⟩⟨E0⟩⟨m1:8⟩<\/s>$/);
  });

  it('has no evidence where nothing is known, and leaves out the pieces it is told to', () => {
    const [bare] = makeQuestions(study, { context: [], seed: 1 }, [{ x: { threads: 1 } }], encoderOf());
    expect(tokenizer.decode(renderPrompt(bare!))).toMatch(/^⟨metadata⟩/);
    const [question] = makeQuestions(study, known, [{ x: { threads: 1 } }], encoderOf());
    const some = tokenizer.decode(renderPrompt(question!, (piece) => piece === 0));
    expect(some).toMatch(/^⟨evidence⟩⟨count⟩⟨u1:\d⟩⟨u2:\d⟩⟨metadata⟩/);
  });

  it('lacks the pieces that a model is never shown, and spells answers in as many digits as it is set to', () => {
    const rules = { max_prompt: 384, max_metadata: 96, without_evidence: ['boosting', 'near1'], digits: 2 };
    const [context, asked] = [study.trials.slice(0, 8), study.trials.slice(8, 9)];
    const examples = (encoder: PromptEncoder) => trainingExamples(study, { context, seed: 1 }, asked, encoder);
    const [masked] = examples(new PromptEncoder(tokenizer, rules));
    const [whole] = examples(encoderOf());
    const text = tokenizer.decode(renderPrompt(masked!));
    expect(text).not.toMatch(/⟨boosting⟩|⟨near1⟩/);
    expect(text).toMatch(/⟨forest⟩.*⟨error:boosting⟩.*⟨near2⟩/);
    expect(masked!.evidence).toHaveLength(whole!.evidence.length - 2);
    expect([masked!.relative!.length, whole!.relative!.length]).toEqual([2, 4]);
    const evidence = Evidence.fit(context, 1);
    const { prompts, codecs } = questionsAbout(study, asked, evidence, new PromptEncoder(tokenizer, rules));
    expect(prompts[0]).toEqual(renderPrompt(masked!));
    expect(codecs[0]!.encode(asked[0]!.y!)).toEqual(masked!.relative);
  });

  it("is in the study's frame, the same for all queries, where a model is set to it", () => {
    const ask = (frame: 'query' | 'study') =>
      makeQuestions(study, known, study.trials.slice(8), new PromptEncoder(tokenizer, { ...LIMITS, frame }));
    const centers = (frame: 'query' | 'study') => new Set(ask(frame).map((question) => question.frame!.center));
    expect(centers('query').size).toBeGreaterThan(1);
    const measured = study.trials.slice(0, 8).flatMap(({ y }) => (y === null ? [] : [y]));
    expect([...centers('study')]).toEqual([studyFrame(measured).center]);
  });

  it('cuts the longest entry of the metadata first, and says so', () => {
    const text = tokenizer.decode(encoderOf(384, 40).metadata(study));
    expect(text).toContain('title⟨s⟩Tuning⟨/s⟩');
    expect(text).not.toContain('story');
    expect(text).toMatch(/⟨cut⟩$/);
  });

  it('stays within its budget with 500 parameters', () => {
    const x = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`parameter_${i}`, i * 1.5]));
    const [question] = makeQuestions(study, known, [{ x }], encoderOf(300));
    const prompt = renderPrompt(question!);
    expect(prompt.length).toBeLessThanOrEqual(300);
    expect(tokenizer.decode(prompt)).toContain('⟨cut⟩</s>');
  });

  it("never depends on the asked trial's own y", () => {
    const ask = (y: number) => {
      const asked = { ...study.trials[8]!, y };
      return makeQuestions(study, known, [asked], encoderOf());
    };
    expect(ask(1e6)).toEqual(ask(-3));
  });
});
