// Measured studies in disguise: names taken away, y turned or bent. A few hundred real response surfaces become many more.
import type { Random } from '../random.js';
import type { JsonObject, StudyHead, Trial } from '../types.js';
import { chance, logUniform, pick } from './synthetic/draws.js';

export interface Disguise {
  head: StudyHead;
  trial: (trial: Trial) => Trial;
}

/** The study as it is. */
export const undisguised = (head: StudyHead): Disguise => ({ head, trial: (trial) => trial });

/** Draws a disguise: parameters without names, some left out, and a monotone map of y. */
export function drawDisguise(head: StudyHead, keys: readonly string[], random: Random): Disguise {
  const order = random.shuffle([...keys]);
  const dropped = chance(0.3, random) ? Math.floor(random.uniform() * 0.4 * keys.length) : 0;
  const kept = order.slice(0, order.length - dropped);
  const prefix = pick(['x', 'p', 'v', 'param_'], random);
  const anonymous = chance(0.6, random);
  const names = new Map(kept.map((key, index) => [key, anonymous ? `${prefix}${index + 1}` : key]));
  const bend = drawBend(random);
  return {
    head: { id: head.id, metadata: {}, objective: { name: pick(['y', 'objective', 'value', 'score'], random) } },
    trial: ({ x, y }) => ({ x: renamed(x, names), y: y === null ? null : bend(y) }),
  };
}

function renamed(x: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const shown: JsonObject = {};
  for (const [key, value] of Object.entries(x)) {
    const name = names.get(key);
    if (name !== undefined) shown[name] = value;
  }
  return shown;
}

/** Monotone and finite for |y| < 1e30. */
function drawBend(random: Random): (y: number) => number {
  const sign = chance(0.5, random) ? -1 : 1;
  const scale = logUniform(1e-3, 1e3, random);
  const shift = chance(0.3, random) ? 10 * random.normal() : 0;
  switch (random.integer(4)) {
    case 0:
      return (y) => sign * Math.sign(y) * Math.log1p(Math.abs(y)) * scale + shift;
    case 1:
      return (y) => sign * Math.sign(y) * Math.sqrt(Math.abs(y)) * scale + shift;
    default:
      return (y) => sign * Math.min(1e27, Math.max(-1e27, y)) * scale + shift;
  }
}
