// Draws that made-up studies are put together from.
import type { Random } from '../../random.js';

export const pick = <T>(items: readonly T[], random: Random): T => items[random.integer(items.length)]!;

export const chance = (share: number, random: Random): boolean => random.uniform() < share;

/** In [low, high), evenly on a logarithmic scale. */
export const logUniform = (low: number, high: number, random: Random): number => low * (high / low) ** random.uniform();

/** In [low, high], small numbers more often. */
export const logInteger = (low: number, high: number, random: Random): number =>
  Math.min(high, Math.floor(logUniform(low, high + 1, random)));

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));

/** Student's t with a few degrees of freedom: now and then very far out. */
export function studentT(degrees: number, random: Random): number {
  let squares = 0;
  for (let i = 0; i < degrees; i++) squares += random.normal() ** 2;
  return random.normal() / Math.sqrt(Math.max(1e-4, squares / degrees));
}
