// Of every trial of a study, one pass: which parameters there are, which of their values were tried, and what an x lacks.
import { serialize } from '../../tokenizer/serialize.js';
import { sameValue } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import { nearestName } from '../nearest.js';
import type { Json, JsonObject } from '../types.js';
import { presentIn } from './columns.js';

/** Values, or names, that are listed in one sentence. */
const MAX_LISTED = 6;
/** Characters of a value or a name that stand in a sentence. */
const MAX_CHARACTERS = 60;
/** Trials under a condition that must all have a parameter before an x under it is said to lack it. */
const MIN_CONDITIONED = 3;
/** Names that a mistyped one is compared with. */
const MAX_COMPARED_NAMES = 200;

type Kind = 'number' | 'text' | 'boolean' | 'list' | 'object';

/** How a sentence speaks of values: one of them, of one that is shown behind it, and of many. */
const WORDS: Readonly<Record<Kind, { one: string; shown: string; many: string }>> = {
  number: { one: 'a number', shown: 'the number ', many: 'numbers' },
  text: { one: 'a text', shown: 'the text ', many: 'texts' },
  boolean: { one: 'true or false', shown: '', many: 'true or false' },
  list: { one: 'a list', shown: 'the list ', many: 'lists' },
  object: { one: 'an object', shown: 'the object ', many: 'objects' },
};

/** What the trials have of one parameter. */
interface Tried {
  /** Trials that have it. */
  trials: number;
  numbers: number;
  low: number;
  high: number;
  /** All that are no numbers. */
  others: Map<Json, { value: Json; count: number }>;
  kinds: Set<Kind>;
}

export class TriedValues {
  private readonly parameters = new Map<string, Tried>();
  /** Parameters that every trial has. */
  private readonly always: readonly string[];
  /** Trials under a condition, and how many of them have a parameter; by both. */
  private readonly conditioned = new Map<string, { trials: number; having: number }>();

  /** @param trials all of the study's x */
  constructor(private readonly trials: readonly JsonObject[]) {
    for (const x of trials) for (const name of Object.keys(x)) if (x[name] !== null) this.add(name, x[name]!);
    this.always = [...this.parameters].filter(([, tried]) => tried.trials === trials.length).map(([name]) => name);
  }

  /** What is to be said of a value that no trial has, as the end of a sentence behind the parameter's name; undefined where nothing is. */
  outside(x: JsonObject, name: string): string | undefined {
    const value = x[name]!;
    const tried = this.parameters.get(name);
    if (!tried) return `${write(value)} is new: no trial of the study has this parameter.${this.meant(x, name)}`;
    const kind = kindOf(value);
    if (!tried.kinds.has(kind) && tried.kinds.size === 1) return otherKind(value, kind, tried);
    if (typeof value === 'number' && tried.numbers > 0) {
      const nearest = Math.min(tried.high, Math.max(tried.low, value));
      // To the model they are the same number.
      if (write(nearest) === write(value)) return undefined;
      return `${write(value)} is new: the study has ${rangeOf(tried)}.`;
    }
    return isNew(tried, value) ? `${write(value)} is new: the study has ${listOf(tried)}.` : undefined;
  }

  /**
   * Parameters that x lacks and all comparable trials have: all trials, or those with the same value of the parameter that tells
   * which of them have it.
   * @param space as it was read off the trials, or some of them: its conditions count
   */
  missing(x: JsonObject, { parameters }: SearchSpace): { names: Set<string>; sentences: string[] } {
    const governing = new Set([...parameters.values()].flatMap(({ when }) => (when ? [when.parameter] : [])));
    if (this.isUncharted(x, governing)) return { names: new Set(), sentences: [] };
    const sentences: string[] = [];
    const names = new Set<string>();
    const absent = this.always.filter((name) => !presentIn(x, name));
    for (const name of absent) names.add(name);
    const count = this.trials.length;
    const all = count === 1 ? "the study's one trial has" : `all ${count} trials have`;
    if (absent.length === 1) sentences.push(`${quoted(absent[0]!)} is missing: ${all} it.`);
    else if (absent.length > 1) sentences.push(`${namesIn(absent)} are missing: ${all} them.`);
    for (const [name, { when }] of parameters) {
      if (!when || presentIn(x, name) || !presentIn(x, when.parameter)) continue;
      const value = x[when.parameter]!;
      if (!when.in.some((other) => sameValue(other, value))) continue;
      const { trials, having } = this.under(when.parameter, value, name);
      if (having < trials || trials < MIN_CONDITIONED) continue;
      names.add(name);
      const condition = `${quoted(when.parameter)} ${write(value)}`;
      sentences.push(`${quoted(name)} is missing: all ${trials} trials with ${condition} have it.`);
    }
    return { names, sentences };
  }

  private add(name: string, value: Json): void {
    let tried = this.parameters.get(name);
    if (!tried) {
      const [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      tried = { trials: 0, numbers: 0, low, high, others: new Map(), kinds: new Set() };
      this.parameters.set(name, tried);
    }
    tried.trials++;
    tried.kinds.add(kindOf(value));
    if (typeof value === 'number') {
      tried.numbers++;
      if (value < tried.low) tried.low = value;
      if (value > tried.high) tried.high = value;
      return;
    }
    const key = keyOf(value);
    const known = tried.others.get(key);
    if (known) known.count++;
    else tried.others.set(key, { value, count: 1 });
  }

  /** Whether x is of a sort of which nobody knows what it has: by a new value of what decides that, or of what never varied. */
  private isUncharted(x: JsonObject, governing: ReadonlySet<string>): boolean {
    return Object.keys(x).some((name) => {
      const tried = presentIn(x, name) ? this.parameters.get(name) : undefined;
      if (!tried || typeof x[name] === 'number') return false;
      const decides = governing.has(name) || (tried.numbers === 0 && tried.others.size === 1);
      return decides && isNew(tried, x[name]!);
    });
  }

  private under(parameter: string, value: Json, name: string): { trials: number; having: number } {
    const key = JSON.stringify([parameter, serialize(value), name]);
    let found = this.conditioned.get(key);
    if (!found) {
      const alike = this.trials.filter((x) => presentIn(x, parameter) && sameValue(x[parameter]!, value));
      found = { trials: alike.length, having: alike.filter((x) => presentIn(x, name)).length };
      this.conditioned.set(key, found);
    }
    return found;
  }

  /** The parameter that a strange name was probably meant to be: one that x lacks. */
  private meant(x: JsonObject, name: string): string {
    const lacking = [...this.parameters.keys()].filter((known) => !presentIn(x, known));
    const meant = nearestName(name, lacking.slice(0, MAX_COMPARED_NAMES));
    return meant === undefined ? '' : ` Did you mean ${quoted(meant)}?`;
  }
}

/** A value as it stands in a sentence; numbers to the digits that the model reads. */
export function write(value: Json): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(7)));
  return cut(typeof value === 'string' ? value : JSON.stringify(value));
}
export const quoted = (name: string): string => `'${cut(name)}'`;

const cut = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text);

const keyOf = (value: Json): Json => (typeof value === 'object' ? `\0${serialize(value)}` : value);

function kindOf(value: Json): Kind {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number' || typeof value === 'boolean') return typeof value as Kind;
  return Array.isArray(value) ? 'list' : 'object';
}

/** Whether a value is none of those that come back; of texts that are others in nearly every trial none is new. */
function isNew({ others, trials, numbers }: Tried, value: Json): boolean {
  if (others.has(keyOf(value))) return false;
  return 2 * others.size <= trials - numbers || others.size <= 1;
}

function otherKind(value: Json, kind: Kind, tried: Tried): string {
  const [wanted] = tried.kinds as Set<Kind>;
  const has = wanted === 'boolean' ? WORDS.boolean.many : `${WORDS[wanted!].many} (${kindList(tried)})`;
  const shown = kind === 'text' ? JSON.stringify(write(value)) : write(value);
  return `is ${WORDS[kind].shown}${shown}, and the study has ${has}: ${fixOf(value, wanted!, tried)}.`;
}

/** How to send what was probably meant. */
function fixOf(value: Json, wanted: Kind, { others }: Tried): string {
  if (typeof value === 'string' && value.trim() !== '') {
    const unquoted = wanted === 'number' ? Number.isFinite(Number(value)) : value === 'true' || value === 'false';
    if (unquoted && (wanted === 'number' || wanted === 'boolean')) return `send it without quotes, as ${value.trim()}`;
  }
  const text = JSON.stringify(value);
  if (wanted === 'text' && others.has(text)) return `send it in quotes, as "${text}"`;
  return `give ${WORDS[wanted].one}`;
}

const kindList = (tried: Tried): string => (tried.numbers > 0 ? rangeOf(tried) : listOf(tried));

const rangeOf = ({ low, high }: Tried): string => (low === high ? write(low) : `${write(low)} to ${write(high)}`);

/** The commonest values, of equally common ones the one that was tried first. */
function listOf({ others, numbers, low, high }: Tried): string {
  const seen = [...others.values()].sort((a, b) => b.count - a.count).map(({ value }) => write(value));
  const listed = seen.slice(0, MAX_LISTED);
  if (numbers > 0) listed.push(low === high ? write(low) : `numbers from ${write(low)} to ${write(high)}`);
  return `${listed.join(', ')}${seen.length > MAX_LISTED ? ` and ${seen.length - MAX_LISTED} others` : ''}`;
}

function namesIn(names: readonly string[]): string {
  const listed = names.slice(0, MAX_LISTED).map(quoted);
  if (names.length > MAX_LISTED) return `${listed.join(', ')} and ${names.length - MAX_LISTED} others`;
  return `${listed.slice(0, -1).join(', ')} and ${listed.at(-1)}`;
}
