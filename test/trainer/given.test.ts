// What is given of an experiment: which trials know it, where it stands in prompts, and that the evidence follows it.
import { beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { makeQuestions } from '../../trainer/episodes.js';
import { Evidence } from '../../trainer/evidence.js';
import { conditionOn, reveal } from '../../trainer/given.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import { Random } from '../../trainer/random.js';
import type { StudyData } from '../../trainer/types.js';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await Tokenizer.load();
});

/** ms = 3·noise, and bytes = 100 + noise: one says nothing of x, and all of the other. */
function shared(trials: number): StudyData {
  const random = new Random(7);
  return {
    id: 's/ms',
    metadata: {},
    objective: { name: 'ms' },
    others: ['bytes', 'watts'],
    trials: Array.from({ length: trials }, (_, i) => {
      const noise = random.normal();
      const x = { level: i % 9 };
      if (i % 10 === 9) return { x, y: null };
      return { x, y: 3 * noise, measured: { bytes: 100 + noise, ms: 3 * noise, watts: 5 } };
    }),
  };
}

const study = shared(40);
const encoderOf = (max_prompt = 384) => new PromptEncoder(tokenizer, { max_prompt, max_metadata: 96 });

describe('given objectives', () => {
  it('leave the trials that have them, in the order of the study', () => {
    const conditioned = conditionOn(study, ['watts', 'bytes']);
    expect(conditioned.given).toEqual(['bytes', 'watts']);
    expect(conditioned.trials).toHaveLength(36);
    const { x, y, measured } = study.trials[0]!;
    expect(conditioned.trials[0]).toEqual({ x, y, given: { bytes: measured!.bytes, watts: 5 } });
    expect(conditionOn(study, [])).toBe(study);
    expect(reveal(study.trials, [])).toEqual(study.trials.map((trial) => ({ x: trial.x, y: trial.y })));
  });

  it('are refused where the study does not have them', () => {
    expect(() => conditionOn(study, ['ms'])).toThrow(/"ms" cannot be given for ms; known are bytes, watts/);
    const { others: _, ...alone } = study;
    expect(() => conditionOn(alone, ['bytes'])).toThrow(/the study has no other objective/);
  });

  it('stand behind a second ⟨x⟩, which no key of a parameter can spell', () => {
    const context = reveal(study.trials.slice(0, 20), ['bytes']);
    const query = { x: { '⟨x⟩bytes': 1, level: 2 }, given: { bytes: 101 } };
    const [question] = makeQuestions(study, { context, seed: 1 }, [query], encoderOf());
    const text = tokenizer.decode(renderPrompt(question!));
    expect(text).toMatch(/⟨x⟩level⟨\+⟩⟨E0⟩⟨m1:2⟩⟨\\x⟩bytes⟨\+⟩⟨E0⟩⟨m1:1⟩⟨x⟩bytes⟨\+⟩⟨E2⟩⟨m1:1⟩⟨m2:0⟩⟨m3:1⟩<\/s>$/);
    const plain = makeQuestions(study, { context: [], seed: 1 }, [{ x: query.x }], encoderOf());
    expect(tokenizer.decode(renderPrompt(plain[0]!)).match(/⟨x⟩/g)).toHaveLength(1);
  });

  it('give way last where a prompt is full', () => {
    const x = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`parameter_${i}`, i * 1.5]));
    const context = reveal(study.trials.slice(0, 20), ['bytes']);
    const [question] = makeQuestions(study, { context, seed: 1 }, [{ x, given: { bytes: 101 } }], encoderOf(250));
    const prompt = renderPrompt(question!);
    expect(prompt.length).toBeLessThanOrEqual(250);
    expect(tokenizer.decode(prompt)).toMatch(/⟨cut⟩⟨x⟩bytes⟨\+⟩⟨E2⟩⟨m1:1⟩⟨m2:0⟩⟨m3:1⟩<\/s>$/);
  });

  it('are a feature of the experts, whatever parameters are called', () => {
    const named = reveal(study.trials.slice(0, 30), ['bytes']).map((trial) => ({
      ...trial,
      x: { ...trial.x, '⟨given⟩': { bytes: 0 } },
    }));
    const evidence = Evidence.fit(named, 1);
    const ask = (bytes: number) => evidence.ask([{ x: { level: 3, '⟨given⟩': { bytes: 0 } }, given: { bytes } }])[0]!;
    const errors = [98.5, 99.5, 100.5, 101.5].map((bytes) => ask(bytes).frame.center - 3 * (bytes - 100));
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(1);
  });
});
