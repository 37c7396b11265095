// One parameter of a search space: what it may be, and how a coordinate in [0, 1) becomes a value, and back.
import { serialize } from '../../tokenizer/serialize.js';
import type { Random } from '../random.js';
import type { Json } from '../types.js';

/** A number in [low, high]; `log`: uniform in its logarithm. */
export interface FloatDomain {
  type: 'float';
  low: number;
  high: number;
  scale?: 'linear' | 'log';
}

/** An integer from low to high, both included. */
export interface IntegerDomain {
  type: 'integer';
  low: number;
  high: number;
  scale?: 'linear' | 'log';
}

/** One of some values, any JSON. Where all are numbers, those next to each other in size are neighbours. */
export interface CategoricalDomain {
  type: 'categorical';
  choices: Json[];
}

export interface BooleanDomain {
  type: 'boolean';
}

export interface ConstantDomain {
  type: 'constant';
  value: Json;
}

export type Domain = FloatDomain | IntegerDomain | CategoricalDomain | BooleanDomain | ConstantDomain;

export type Parameter = Domain & {
  /** Present only where the other parameter is present with one of these values. */
  when?: { parameter: string; in: Json[] };
  /** May be absent, as it is in half of what is drawn. */
  optional?: boolean;
};

/** Whether the model reads the same in both: equal JSON, whatever the order of keys, numbers to 7 significant digits. */
export const sameValue = (a: Json, b: Json): boolean => a === b || serialize(a) === serialize(b);

/** The value at a coordinate: equal stretches of [0, 1) are equally likely values. */
export function valueAt(domain: Domain, u: number): Json {
  switch (domain.type) {
    case 'float':
      return clip(domain, fromScale(domain, mix(toScale(domain, domain.low), toScale(domain, domain.high), u)));
    case 'integer': {
      const { lowest, highest } = integerEdges(domain);
      return clip(domain, Math.round(fromScale(domain, mix(lowest, highest, u))));
    }
    case 'categorical':
      return domain.choices[Math.min(domain.choices.length - 1, Math.floor(u * domain.choices.length))]!;
    case 'boolean':
      return u >= 0.5;
    case 'constant':
      return domain.value;
  }
}

/** A coordinate of a value of the domain, the middle of its stretch; numbers outside are put at the nearer end. */
export function coordinateOf(domain: Domain, value: Json): number {
  switch (domain.type) {
    case 'float':
      return share(toScale(domain, domain.low), toScale(domain, domain.high), toScale(domain, clip(domain, value)));
    case 'integer': {
      const { lowest, highest } = integerEdges(domain);
      return share(lowest, highest, toScale(domain, clip(domain, value)));
    }
    case 'categorical':
      return (indexOf(domain, value) + 0.5) / domain.choices.length;
    case 'boolean':
      return value ? 0.75 : 0.25;
    case 'constant':
      return 0.5;
  }
}

/** Whether there is an order between values, so that some are nearer than others. */
export const isOrdered = (domain: Domain): boolean =>
  domain.type === 'categorical' ? domain.choices.every((choice) => typeof choice === 'number') : 'low' in domain;

/** Whether there is more than one value. */
export const varies = (domain: Domain): boolean =>
  domain.type === 'categorical' ? domain.choices.length > 1 : domain.type !== 'constant';

/**
 * Another value of the domain: for ordered ones a normal step of standard deviation `step` in coordinates, reflected at the
 * ends; any other value for the rest. The same value only where there is no other.
 */
export function perturbed(domain: Domain, value: Json, step: number, random: Random): Json {
  if (domain.type === 'boolean') return !value;
  if (!varies(domain)) return valueAt(domain, 0);
  const from = coordinateOf(domain, value);
  if (domain.type === 'categorical' && !isOrdered(domain)) {
    const others = domain.choices.filter((choice) => !sameValue(choice, value));
    return others[random.integer(others.length)]!;
  }
  const moved = valueAt(domain, reflected(from + step * random.normal()));
  if (moved !== value) return moved;
  const up = random.uniform() < 0.5;
  return nextTo(domain, value, up) ?? nextTo(domain, value, !up) ?? valueAt(domain, random.uniform());
}

/** What a value of the domain is, as the end of a sentence. */
export function advice(domain: Domain): string {
  switch (domain.type) {
    case 'float':
      return `give a number from ${domain.low} to ${domain.high}`;
    case 'integer':
      return `give an integer from ${domain.low} to ${domain.high}`;
    case 'categorical':
      return `give one of ${domain.choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
    case 'boolean':
      return 'give true or false';
    case 'constant':
      return `it is always ${JSON.stringify(domain.value)}`;
  }
}

/** Whether a value belongs to the domain. */
export function accepts(domain: Domain, value: Json): boolean {
  switch (domain.type) {
    case 'float':
      return typeof value === 'number' && value >= domain.low && value <= domain.high;
    case 'integer':
      return Number.isInteger(value) && (value as number) >= domain.low && (value as number) <= domain.high;
    case 'categorical':
      return domain.choices.some((choice) => sameValue(choice, value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'constant':
      return sameValue(domain.value, value);
  }
}

type Numeric = FloatDomain | IntegerDomain;

const toScale = ({ scale }: Numeric, value: number): number => (scale === 'log' ? Math.log(value) : value);
const fromScale = ({ scale }: Numeric, value: number): number => (scale === 'log' ? Math.exp(value) : value);
// Weighted, not low + u·(high − low): the width of [−1e308, 1e308] is no number.
const mix = (low: number, high: number, u: number): number => (1 - u) * low + u * high;
const share = (low: number, high: number, value: number): number => (value / 2 - low / 2) / (high / 2 - low / 2);

/** Half a unit beyond both ends, so that the ends are as likely as what lies between. */
function integerEdges(domain: IntegerDomain): { lowest: number; highest: number } {
  return { lowest: toScale(domain, domain.low - 0.5), highest: toScale(domain, domain.high + 0.5) };
}

function clip({ low, high }: Numeric, value: Json): number {
  return Math.min(high, Math.max(low, value as number));
}

function indexOf({ choices }: CategoricalDomain, value: Json): number {
  const exact = choices.findIndex((choice) => sameValue(choice, value));
  if (exact >= 0 || typeof value !== 'number') return Math.max(0, exact);
  const gap = (choice: Json) => Math.abs((choice as number) - value);
  return choices.reduce<number>((best, choice, i) => (gap(choice) < gap(choices[best]!) ? i : best), 0);
}

/** The value before or after in order; undefined at the ends and in a continuum. */
function nextTo(domain: Domain, value: Json, up: boolean): Json | undefined {
  if (domain.type === 'integer') {
    const next = (value as number) + (up ? 1 : -1);
    return next >= domain.low && next <= domain.high ? next : undefined;
  }
  return domain.type === 'categorical' ? domain.choices[indexOf(domain, value) + (up ? 1 : -1)] : undefined;
}

function reflected(u: number): number {
  const folded = Math.abs(u) % 2;
  return Math.min(folded > 1 ? 2 - folded : folded, 1 - Number.EPSILON);
}
