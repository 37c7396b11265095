// Warnings of predictions on the command line: one note a kind, with how many rows it is of.
import { expect, test } from 'vitest';
import { predictionNotes } from '../../../clients/cli/prediction-notes.js';

const warned = (...warnings: string[]) => ({ objectives: {}, p_infeasible: 0, warnings });
const labels = Array.from({ length: 40 }, (_, i) => `line ${i + 2}`);

test('what differs in the value alone is one note', () => {
  const rows = [12, 15, 18].map((level) => warned(`'level' ${level} is new: the study has 0 to 9.`));
  const missing = `'threads' is missing: all 40 trials have it.`;
  expect(predictionNotes([warned(missing), ...rows, warned()], labels)).toEqual([
    `'level' 12 is new: the study has 0 to 9. (line 3, and 2 more like it)`,
    `${missing} (line 2)`,
  ]);
});

test('a name that was told to be strange is not told again', () => {
  const strange = `'levels' 4 is new: no trial of the study has this parameter. Did you mean 'level'?`;
  expect(predictionNotes([warned(strange)], labels, ['levels'])).toEqual([]);
  expect(predictionNotes([warned(strange)], labels)).toEqual([`${strange} (line 2)`]);
});

test('there are no more notes than can be read', () => {
  const rows = labels.map((_, i) => warned(`'p${i}' is missing: all 40 trials have it.`));
  const notes = predictionNotes(rows, labels);
  expect(notes).toHaveLength(13);
  expect(notes.at(-1)).toBe('28 more kinds of warnings; --json has them all.');
});
