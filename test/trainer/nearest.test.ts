// Help with typos: near names are found, far ones are not guessed.
import { expect, it } from 'vitest';
import { nearestName } from '../../trainer/nearest.js';

const KNOWN = ['name', 'metadata', 'objectives', 'infeasible_reason'];

it.each([
  ['metdata', 'metadata'],
  ['nmae', 'name'],
  ['Objectives', 'objectives'],
  ['objective', 'objectives'],
  ['infeasable_reson', 'infeasible_reason'],
])('%s → %s', (typo, meant) => expect(nearestName(typo, KNOWN)).toBe(meant));

it.each(['x', 'temperature', '', 'a'.repeat(100_000)])('guesses nothing for %s', (name) => {
  expect(nearestName(name, KNOWN)).toBeUndefined();
});
