// Which studies are related to a study, and how much each counts.
import { describe, expect, it } from 'vitest';
import { parameterNames, relativesOf } from '../../../trainer/history/alike.js';
import type { KnownStudy } from '../../../trainer/history/known-studies.js';
import type { JsonObject } from '../../../trainer/types.js';

const known = (id: string, objective: string, metadata: JsonObject = {}, names = ['threads', 'cache']): KnownStudy => ({
  id,
  metadata,
  objective: { name: objective, unit: 's' },
  trials: [{ x: Object.fromEntries(names.map((name) => [name, 1])), y: 1 }],
});
const asked = { id: 'new', metadata: {}, objective: { name: 'Time ', unit: 's' } };
const related = (
  studies: KnownStudy[],
  study: typeof asked & { metadata: JsonObject } = asked,
  xs = [{ threads: 4, cache: 0 }],
) => relativesOf(study, parameterNames(xs), studies, ({ trials }) => parameterNames(trials.map(({ x }) => x)));
const ids = (studies: ReturnType<typeof related>) => studies.map(({ study }) => study.id);

describe('relatives', () => {
  it('share parameters, and are never the study itself', () => {
    const stranger = known('stranger', 'time', {}, ['learning_rate', 'depth']);
    const half = known('half', 'time', {}, ['threads', 'block', 'level', 'window']);
    const larger = known('larger', 'time', {}, ['threads', 'cache', 'level', 'window']);
    expect(ids(related([known('new', 'time'), stranger, half, larger, known('a', 'time')])).sort()).toEqual([
      'a',
      'larger',
    ]);
    expect(related([])).toEqual([]);
    expect(related([known('a', 'time')], asked, [])).toEqual([]);
  });

  it('are never the same study through another of its objectives', () => {
    const [time, energy] = ['time', 'energy'].map((name) => known(`s1/${name}`, name));
    const view = { ...asked, id: 's1/Time ' };
    expect(ids(related([energy!, known('s2/energy', 'energy')], view))).toEqual(['s2/energy']);
    expect(related([time!, energy!], { ...asked, id: 's1/time', objective: { name: 'time', unit: 's' } })).toEqual([]);
  });

  it('are those that measure the same, or where none does, all', () => {
    const others = [known('a', 'time'), known('b', 'energy'), known('c', 'memory')];
    expect(ids(related(others))).toEqual(['a']);
    expect(ids(related(others.slice(1))).sort()).toEqual(['b', 'c']);
  });

  it('count the more the more alike their metadata are, and together 1', () => {
    const study = { ...asked, metadata: { rows: '1000', kind: 'web server log' } };
    const found = related(
      [
        known('far', 'time', { rows: 90_000, kind: 'image' }),
        known('near', 'time', { rows: 1100, kind: 'web server trace' }),
        known('silent', 'time'),
      ],
      study,
    );
    expect(found[0]!.study.id).toBe('near');
    const weights = found.map(({ weight }) => weight);
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(weights[0]!).toBeGreaterThan(2 * weights[2]!);
  });

  it('are sixteen at most', () => {
    expect(related(Array.from({ length: 40 }, (_, i) => known(`s${i}`, 'time')))).toHaveLength(16);
  });
});
