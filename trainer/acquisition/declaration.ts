// Checks the declaration of a search space, and orders its parameters so that conditions come before what depends on them.
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import { accepts, advice, type Parameter, sameValue } from './parameter.js';

const FIELDS = {
  float: ['low', 'high', 'scale'],
  integer: ['low', 'high', 'scale'],
  categorical: ['choices'],
  boolean: [],
  constant: ['value'],
} as const;
const SCALES = ['linear', 'log'];

/**
 * The parameters, each after the one that its presence depends on.
 * @throws TrainerError `search_space` naming the parameter, what is wrong and the fix
 */
export function checkDeclaration(parameters: Readonly<Record<string, Parameter>>): Map<string, Parameter> {
  const declared = new Map(Object.entries(parameters));
  if (declared.size === 0) throw wrong('a space needs at least one parameter.');
  for (const [name, parameter] of declared) {
    checkFields(name, parameter);
    checkValues(name, parameter);
  }
  for (const [name, { when }] of declared) {
    if (!when) continue;
    const other = declared.get(when.parameter);
    if (!other) {
      const meant = nearestName(when.parameter, [...declared.keys()]);
      const fix = meant ? `did you mean '${meant}'?` : 'declare it too.';
      throw wrong(`'${name}' depends on '${when.parameter}', which is no parameter; ${fix}`);
    }
    if (!Array.isArray(when.in) || when.in.length === 0) {
      throw wrong(`'${name}': when.in holds no values; give those of '${when.parameter}' with which it is present.`);
    }
    for (const value of when.in) {
      if (accepts(other, value)) continue;
      throw wrong(`'${name}': '${when.parameter}' is never ${JSON.stringify(value)}: ${advice(other)}.`);
    }
  }
  return ordered(new Map([...declared].map(([name, parameter]) => [name, inOrder(parameter)])));
}

function checkFields(name: string, parameter: Parameter): void {
  const types = Object.keys(FIELDS);
  if (!types.includes(parameter.type)) {
    const meant = nearestName(String(parameter.type), types);
    throw wrong(
      `'${name}' has type '${parameter.type}'; ${meant ? `did you mean '${meant}'?` : `known are ${types.join(', ')}.`}`,
    );
  }
  const known = ['type', 'when', 'optional', ...FIELDS[parameter.type]];
  for (const field of Object.keys(parameter)) {
    if (known.includes(field)) continue;
    const meant = nearestName(field, known);
    throw wrong(
      `'${name}' has no field '${field}'; ${meant ? `did you mean '${meant}'?` : `known are ${known.join(', ')}.`}`,
    );
  }
}

function checkValues(name: string, parameter: Parameter): void {
  switch (parameter.type) {
    case 'float':
    case 'integer': {
      const { type, low, high, scale = 'linear' } = parameter;
      const isKind = type === 'integer' ? Number.isSafeInteger : Number.isFinite;
      const kind = type === 'integer' ? 'integers' : 'finite numbers';
      if (!isKind(low) || !isKind(high) || !(low < high)) {
        throw wrong(`'${name}' goes from ${low} to ${high}; give ${kind} with low < high, or declare a constant.`);
      }
      if (!SCALES.includes(scale)) throw wrong(`'${name}' has scale '${scale}'; known are ${SCALES.join(', ')}.`);
      if (scale === 'log' && !(low > 0)) throw wrong(`'${name}' has a log scale from ${low}; give a low above 0.`);
      return;
    }
    case 'categorical': {
      const { choices } = parameter;
      if (!Array.isArray(choices) || choices.length === 0) {
        throw wrong(`'${name}' has no choices; give at least one.`);
      }
      if (choices.includes(null)) {
        throw wrong(`'${name}' has the choice null, which counts as missing; leave it out and set optional.`);
      }
      const twice = choices.find((choice, i) => choices.some((other, j) => j < i && sameValue(other, choice)));
      if (twice !== undefined) throw wrong(`'${name}' has the choice ${JSON.stringify(twice)} twice; give it once.`);
      return;
    }
    case 'constant':
      if (parameter.value === undefined || parameter.value === null) {
        throw wrong(`'${name}' has no value; give one other than null.`);
      }
      return;
    case 'boolean':
  }
}

/** Choices that are all numbers by size, so that neighbours stand together. */
function inOrder(parameter: Parameter): Parameter {
  if (parameter.type !== 'categorical') return parameter;
  const { choices } = parameter;
  if (!choices.every((choice): choice is number => typeof choice === 'number')) return parameter;
  return { ...parameter, choices: choices.toSorted((a, b) => a - b) };
}

function ordered(declared: ReadonlyMap<string, Parameter>): Map<string, Parameter> {
  const result = new Map<string, Parameter>();
  const visit = (name: string, path: readonly string[]): void => {
    if (result.has(name)) return;
    const chain = [...path, name];
    if (path.includes(name)) {
      throw wrong(`the conditions go in a circle: ${chain.map((n) => `'${n}'`).join(' depends on ')}; break it.`);
    }
    const parameter = declared.get(name)!;
    if (parameter.when) visit(parameter.when.parameter, chain);
    result.set(name, parameter);
  };
  for (const name of declared.keys()) visit(name, []);
  return result;
}

const wrong = (message: string): TrainerError => new TrainerError('search_space', `Search space: ${message}`);
