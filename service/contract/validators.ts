// Compiles the contract's schemas into functions that list what is wrong with a request.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { lazy } from '../../tokenizer/lazy.js';
import { type FieldError, fieldError } from '../errors.js';
import { child } from '../json-pointer.js';
import { explainErrors, RECORD_KEYWORD } from './explain.js';
import type { Contract, Operation, Schema } from './load-contract.js';
import { isWellFormed, type RecordLimits, recordErrors } from './record-limits.js';

/** Lists what is wrong with a value; pointers begin with `pointer`. */
export type Check = (value: unknown, pointer: string) => FieldError[];

export interface OperationChecks {
  path: Check;
  /** Converts "10" to 10 where the contract says integer, and fills in defaults, in place. */
  query: Check;
  header: Check;
  /** Null where the operation takes no body. */
  body: Check | null;
  /** Where bad items of a list are to be reported and the others kept: that list's field and the check of one item. */
  each: { field: string; check: Check } | null;
}

/** A value of more parts than this is checked only up to its first error: listing all of a hostile body could fill the memory. */
const EXPLAIN_ALL_BELOW = 10_000;

/** RFC 3339, with the T and an offset. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Each check is compiled when it is first needed: all of them take a third of the time that a server needs to start. */
export function compileChecks(contract: Contract, limits: RecordLimits): (operation: Operation) => OperationChecks {
  // Two of each: one that stops at the first error, and one that finds them all.
  const quick = lazy(() => validator(contract, limits, { allErrors: false }));
  const thorough = lazy(() => validator(contract, limits, { allErrors: true }));
  const parameters = lazy(() =>
    validator(contract, limits, { allErrors: true, coerceTypes: 'array', useDefaults: true }),
  );

  const bodyCheck = (schema: Schema): Check => {
    const first = lazy(() => quick().compile(schema));
    const all = lazy(() => thorough().compile(schema));
    return (value, pointer) => {
      if (first()(value)) return [];
      return failures(isSmall(value, EXPLAIN_ALL_BELOW) ? all() : first(), value, pointer);
    };
  };
  const parameterCheck = (schema: Schema): Check => {
    const validate = lazy(() => parameters().compile(schema));
    return (value, pointer) => {
      // Ajv would take "1e999" for an integer, and then for infinity.
      const wrong = wrongIntegers(schema, value as Record<string, unknown>, pointer);
      return wrong.length > 0 ? wrong : failures(validate(), value, pointer);
    };
  };

  return ({ parameters: { path, query, header }, body }) => {
    const split = body === null ? null : splitEach(contract, body.schema);
    return {
      path: parameterCheck(path),
      query: parameterCheck(query),
      header: parameterCheck(header),
      body: split && bodyCheck(split.schema),
      each: split?.each ? { field: split.each.field, check: bodyCheck(split.each.items) } : null,
    };
  };
}

/** Texts that stand where an integer is wanted and are none, as people write them. */
function wrongIntegers(schema: Schema, values: Record<string, unknown>, pointer: string): FieldError[] {
  const properties = schema.properties as Record<string, Schema>;
  return Object.entries(properties).flatMap(([name, { type }]) => {
    const text = Object.hasOwn(values, name) ? values[name] : undefined;
    if (type !== 'integer' || typeof text !== 'string' || /^-?\d{1,15}$/.test(text)) return [];
    const detail = `must be an integer, not ${JSON.stringify(text.slice(0, 100))}`;
    return fieldError(child(pointer, name), 'wrong_type', detail, 'Send an integer.');
  });
}

function failures(validate: ValidateFunction, value: unknown, pointer: string): FieldError[] {
  return validate(value) ? [] : explainErrors(validate.errors ?? [], pointer);
}

function validator(contract: Contract, limits: RecordLimits, options: object): Ajv2020 {
  // Whether the contract's schemas are schemas is for the tests to say: it takes as long as all else here.
  const given = { strict: true, allowUnionTypes: true, verbose: true, strictRequired: false, validateSchema: false };
  const ajv = new Ajv2020({ ...options, ...given });
  ajv.addFormat('date-time', (text) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)));
  ajv.addFormat('text', (text) => isWellFormed(text) && text !== '__proto__');
  ajv.addVocabulary(['example', 'x-validate']);
  ajv.addKeyword({
    keyword: RECORD_KEYWORD,
    type: 'object',
    errors: true,
    validate: function check(this: unknown, _: unknown, record: unknown): boolean {
      const errors = recordErrors(record, '', limits);
      const error: Partial<ErrorObject> = { keyword: RECORD_KEYWORD, params: { errors } };
      Object.assign(check, { errors: errors.length > 0 ? [error] : null });
      return errors.length === 0;
    },
  });
  ajv.addSchema({ $id: 'contract', $defs: contract.definitions });
  return ajv;
}

/** Takes the item schema out of a list marked `x-validate: each`, so that a bad item does not fail the body. */
function splitEach(
  contract: Contract,
  schema: Schema,
): { schema: Schema; each: { field: string; items: Schema } | null } {
  const name = typeof schema.$ref === 'string' ? schema.$ref.replace('contract#/$defs/', '') : undefined;
  const body = name === undefined ? schema : contract.definitions[name]!;
  const properties = (body.properties ?? {}) as Record<string, Schema>;
  const [field, list] = Object.entries(properties).find(([, property]) => property['x-validate'] === 'each') ?? [];
  if (field === undefined || list === undefined) return { schema, each: null };
  const { items, ...rest } = list;
  return { schema: { ...body, properties: { ...properties, [field]: rest } }, each: { field, items: items as Schema } };
}

function isSmall(value: unknown, limit: number): boolean {
  let parts = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside = Object.values(next);
    parts += inside.length;
    if (parts > limit) return false;
    rest.push(...inside);
  }
  return true;
}

/** The error of a body that is absent though it is required. */
export function missingBody(types: readonly string[] = ['application/json']): FieldError {
  const json = types.includes('application/json');
  const fix = json ? 'Send a JSON body with Content-Type: application/json.' : `Send ${types.join(' or ')}.`;
  return fieldError('', 'missing_field', 'is empty', fix);
}
