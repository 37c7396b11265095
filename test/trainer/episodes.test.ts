// Which trials episodes are made of: without repetition, never those held back, all studies alike.
import { describe, expect, it } from 'vitest';
import { planEpisodes, planValidation, splitStudies } from '../../trainer/episodes.js';
import { Random } from '../../trainer/random.js';
import { drawFew, memoryStudy } from '../../trainer/study-source.js';
import type { StudySource } from '../../trainer/types.js';

const config = { seed: 4, queries: 8, max_context: 20, no_context: 0.1, no_history: 0.2, given: 0.25 };
const source = (id: number, trials: number): StudySource =>
  memoryStudy({
    id: `s${id}`,
    metadata: {},
    objective: { name: 'y' },
    trials: Array.from({ length: trials }, (_, i) => ({ x: { i }, y: i })),
  });
/** The same with two more objectives. */
const withOthers = (id: number, trials: number): StudySource => ({ ...source(id, trials), others: ['b', 'c'] });
const studies = splitStudies(
  [40, 3, 0, 1, 500].map((trials, i) => source(i, trials)),
  1,
  0.1,
);

describe('drawFew', () => {
  it('draws every item alike, and none twice', () => {
    const items = Int32Array.from({ length: 6 }, (_, i) => 10 * i);
    const counts = new Map<number, number>();
    const random = new Random(1);
    for (let i = 0; i < 6000; i++) {
      const drawn = drawFew(items, 3, random);
      expect(new Set(drawn).size).toBe(3);
      for (const item of drawn) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    // 3,000 of each; five standard deviations are 194.
    for (const item of items) expect(Math.abs(counts.get(item)! - 3000)).toBeLessThan(194);
    expect([...drawFew(items, 99, random)].sort((a, b) => a - b)).toEqual([...items]);
  });
});

describe('episodes', () => {
  it('hold back a tenth of each study that is large enough, at least one trial', () => {
    expect(studies.map((s) => [s.training.length, s.validation.length])).toEqual([
      [36, 4],
      [3, 0],
      [0, 0],
      [1, 0],
      [450, 50],
    ]);
    for (const { study, training, validation } of studies)
      expect(new Set([...training, ...validation]).size).toBe(study.trials);
  });

  it('ask about trials outside their context, none of them held back', () => {
    for (const { study, context, queries } of planEpisodes(studies, 0, 200, config)) {
      const { training } = studies[study]!;
      const shown = [...context, ...queries];
      expect(new Set(shown).size).toBe(shown.length);
      for (const position of shown) expect(training).toContain(position);
      expect(queries.length).toBe(Math.min(config.queries, training.length - context.length));
      expect(context.length).toBeLessThanOrEqual(config.max_context);
    }
  });

  it('hold back a trial of all objectives of its study, or of none', () => {
    const view = (id: string, name: string) => ({ ...source(0, 50), id: `${id}/${name}`, objective: { name } });
    const split = splitStudies([view('s1', 'a'), view('s2', 'a'), view('s1', 'b'), view('s2', 'b')], 1, 0.1);
    const held = split.map(({ validation }) => [...validation]);
    expect([held[2], held[3]]).toEqual([held[0], held[1]]);
    expect(held[1]).not.toEqual(held[0]);
  });

  it('depend on their number alone, and take every study once before any comes again', () => {
    const all = planEpisodes(studies, 0, 40, config);
    expect(planEpisodes(studies, 13, 29, config)).toEqual(all.slice(13, 29));
    for (let round = 0; round < 10; round++)
      expect(new Set(all.slice(4 * round, 4 * round + 4).map((plan) => plan.study))).toEqual(new Set([0, 1, 3, 4]));
  });

  it('know some of the other objectives in their share of episodes, and are the same otherwise', () => {
    const several = splitStudies(
      [40, 3, 0, 1, 500].map((trials, i) => withOthers(i, trials)),
      1,
      0.1,
    );
    const plans = planEpisodes(several, 0, 2000, config);
    const known = plans.filter(({ given }) => given.length > 0);
    // 500 of 2,000; five standard deviations are 97.
    expect(Math.abs(known.length - 500)).toBeLessThan(97);
    const sets = new Set(known.map(({ given }) => [...given].sort().join()));
    expect(sets).toEqual(new Set(['b', 'c', 'b,c']));
    const alone = planEpisodes(studies, 0, 2000, config);
    expect(alone.every(({ given }) => given.length === 0)).toBe(true);
    expect(plans.map((plan) => ({ ...plan, given: [] }))).toEqual(alone);
    expect(planValidation(several, config).every(({ given }) => given.length === 0)).toBe(true);
  });

  it('validate on trials held back, after a context of others, boundedly many', () => {
    const plans = planValidation(studies, config);
    expect(plans.map((plan) => [plan.study, plan.queries.length])).toEqual([
      [0, 4],
      [4, 24],
    ]);
    for (const { study, context, queries } of plans) {
      for (const position of queries) expect(studies[study]!.validation).toContain(position);
      for (const position of context) expect(studies[study]!.training).toContain(position);
    }
    const many = Array.from({ length: 3000 }, (_, i) => source(i, 10));
    const asked = planValidation(splitStudies(many, 1, 0.1), config);
    expect(asked).toHaveLength(64);
    expect(new Set(asked.map((plan) => plan.study)).size).toBe(64);
  });
});
