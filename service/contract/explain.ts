// Turns what Ajv says of a body into errors that a person can act on: the place, what is wrong, and what to do.
import type { ErrorObject } from 'ajv';
import { nearestName } from '../../trainer/nearest.js';
import { type FieldError, type FieldErrorCode, fieldError } from '../errors.js';
import { child } from '../json-pointer.js';

/** Keyword under which records (x, metadata) bring errors of their own along, see validators.ts. */
export const RECORD_KEYWORD = 'x-record';

/** @param prefix what pointers begin with: '' for a body, 'query' for parameters */
export function explainErrors(errors: ErrorObject[], prefix: string): FieldError[] {
  return mergeAlternatives(errors).flatMap((error) => explain(error, prefix));
}

/**
 * A failed oneOf reports the errors of every branch. Of branches that do not even match the type nothing needs to be
 * said, unless none does: then the alternatives are named together.
 */
function mergeAlternatives(errors: ErrorObject[]): ErrorObject[] {
  let kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== 'oneOf') {
      kept.push(error);
      continue;
    }
    const outside = kept.filter((e) => !e.instancePath.startsWith(error.instancePath));
    const inside = kept.filter((e) => e.instancePath.startsWith(error.instancePath));
    const isMismatch = (e: ErrorObject) =>
      e.instancePath === error.instancePath && ['type', 'const'].includes(e.keyword);
    const telling = inside.filter((e) => !isMismatch(e));
    if (telling.length > 0) kept = [...outside, ...telling];
    else
      kept = [
        ...outside,
        { ...error, params: { alternatives: inside.map(alternative).filter((a) => a !== 'a string') } },
      ];
  }
  return kept;
}

function alternative({ keyword, params }: ErrorObject): string {
  return keyword === 'const' ? JSON.stringify(params.allowedValue) : typeNames(params.type);
}

function explain(error: ErrorObject, prefix: string): FieldError[] {
  const { keyword, params, data, parentSchema } = error;
  const at = prefix + error.instancePath;
  const made = (code: FieldErrorCode, detail: string, fix: string, pointer = at) => [
    fieldError(pointer, code, detail, fix),
  ];
  switch (keyword) {
    case RECORD_KEYWORD:
      return (params.errors as FieldError[]).map((e) => ({ ...e, pointer: at + e.pointer }));
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      const known = Object.keys((parentSchema?.properties as object | undefined) ?? {});
      const nearest = nearestName(name, known);
      const list = known.length > 0 ? `Known fields are ${known.join(', ')}.` : 'There are no fields here.';
      const fix = nearest === undefined ? `Remove it. ${list}` : `Did you mean "${nearest}"? ${list}`;
      return made('unknown_field', 'is not a known field', fix, child(at, name.slice(0, 200)));
    }
    case 'required': {
      const name = String(params.missingProperty);
      return made('missing_field', 'is missing', `Add "${name}".`, child(at, name));
    }
    case 'type':
      return made(
        'wrong_type',
        `must be ${typeNames(params.type)}, not ${prefix === '' ? typeName(data) : shown(data)}`,
        typeFix(data, params.type, parentSchema),
      );
    case 'oneOf': {
      const alternatives = params.alternatives as string[];
      const nearest = typeof data === 'string' ? nearestName(JSON.stringify(data), alternatives) : undefined;
      const detail = `must be ${alternatives.join(' or ')}, not ${shown(data)}`;
      return made('not_allowed', detail, nearest === undefined ? 'Send one of these.' : `Did you mean ${nearest}?`);
    }
    case 'const':
    case 'enum': {
      const allowed = (keyword === 'enum' ? params.allowedValues : [params.allowedValue]) as unknown[];
      const nearest = typeof data === 'string' ? nearestName(data, allowed.map(String)) : undefined;
      const list = allowed.map((value) => JSON.stringify(value)).join(', ');
      return made(
        'not_allowed',
        `is ${shown(data)}`,
        `${nearest ? `Did you mean "${nearest}"? ` : ''}Allowed are ${list}.`,
      );
    }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum': {
      const measurement = Math.abs(Number(params.limit)) === 1e31;
      const fix = measurement
        ? 'Change the unit, or send the logarithm. For an experiment that failed send "status": "infeasible" and no y.'
        : `Send a number ${params.comparison} ${params.limit}.`;
      return made('out_of_range', `is ${String(data)} and must be ${params.comparison} ${params.limit}`, fix);
    }
    case 'minLength':
      return made('too_short', 'must not be empty', 'Send a text, or leave the field out.');
    case 'maxLength':
      return made(
        'too_long',
        `has ${String(data).length} characters, ${params.limit} are allowed`,
        'Shorten the text.',
      );
    case 'minItems':
    case 'minProperties':
      return made(
        'too_few',
        `must have at least ${params.limit} ${params.limit === 1 ? 'entry' : 'entries'}`,
        'Add what is missing.',
      );
    case 'maxItems':
    case 'maxProperties':
      return made('too_many', `must have at most ${params.limit} entries`, 'Send fewer, or several requests.');
    case 'uniqueItems': {
      const [first, second] = [Number(params.i), Number(params.j)].sort((a, b) => a - b);
      return made('duplicate', `is the same as entry ${first}`, 'Send every entry once.', child(at, second!));
    }
    case 'pattern':
      return made('bad_format', `must match ${params.pattern}`, 'Send it in this form.');
    case 'format':
      return made('bad_format', formatDetail(String(params.format)), 'Send it in this form.');
    default:
      return made('bad_format', error.message ?? `does not match ${keyword}`, 'Send it as the contract says.');
  }
}

function formatDetail(format: string): string {
  return format === 'text' ? 'must be whole characters without "__proto__"' : `must be a ${format}`;
}

function typeFix(data: unknown, wanted: unknown, schema: object | undefined): string {
  const types = [wanted].flat();
  const isMeasurement =
    types.includes('number') &&
    schema !== undefined &&
    'exclusiveMaximum' in schema &&
    schema.exclusiveMaximum === 1e31;
  const numeric = typeof data === 'string' && data.trim() !== '' && Number.isFinite(Number(data));
  if (numeric && (types.includes('number') || types.includes('integer'))) return `Send ${Number(data)} without quotes.`;
  if (isMeasurement && data === null)
    return 'Leave y out while there is no measurement; for an experiment that failed send "status": "infeasible" too.';
  if (isMeasurement) return 'Send a number. For an experiment that failed send "status": "infeasible" and no y.';
  if (data === null) return 'Leave the field out where there is nothing to say.';
  return `Send ${typeNames(wanted)}.`;
}

function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number larger than a double can hold';
  return article(Array.isArray(value) ? 'array' : typeof value);
}

function typeNames(types: unknown): string {
  return [types]
    .flat()
    .map((type) => (type === 'null' ? 'null' : article(String(type))))
    .join(' or ');
}

function article(noun: string): string {
  return `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeName(value);
}
