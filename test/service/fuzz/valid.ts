// Values that follow a schema of the contract, made from the schema alone.
import type { Dice } from './dice.js';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  pattern?: string;
  format?: string;
}

/** Values for fields that must name something that exists, or would take long: by name of the field. */
export type Known = Record<string, (dice: Dice) => unknown>;

const WORDS = ['level', 'kind', 'y', 'loss', 'gzip', 'Node.js 20', 'température', '日本語', 'a b', 'x'];
const TIMES = ['2031-01-02T03:04:05Z', '2040-12-31T23:59:59.999+02:00'];
/** Lists are kept short: long ones are for the limits' own tests. */
const LONGEST = 3;

export class ValidValues {
  /** @param definitions `components.schemas` */
  constructor(
    private readonly definitions: Record<string, Schema>,
    private readonly known: Known,
    private readonly dice: Dice,
  ) {}

  /** @param name of the field, where it is one */
  of(schema: Schema, name = '', depth = 0): unknown {
    const { dice } = this;
    if (Object.hasOwn(this.known, name) && dice.chance(0.8)) return this.known[name]!(dice);
    if (schema.$ref) return this.of(this.definitions[schema.$ref.split('/').at(-1)!]!, name, depth);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return dice.pick(schema.enum);
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) return this.of(dice.pick(choices), name, depth);
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.of(part, name, depth) as object));
    const type = schema.type === undefined ? this.anyType(depth) : dice.pick([schema.type].flat());
    if (type === 'object') return this.object(schema, depth);
    if (type === 'array') return this.array(schema, depth);
    if (type === 'string') return this.text(schema);
    if (type === 'boolean') return dice.chance(0.5);
    if (type === 'null') return null;
    return this.number(schema, type === 'integer');
  }

  private anyType(depth: number): string {
    return this.dice.pick(
      depth > 2 ? ['string', 'number', 'boolean'] : ['string', 'number', 'boolean', 'object', 'array'],
    );
  }

  private object(
    { properties = {}, required = [], additionalProperties, minProperties = 0 }: Schema,
    depth: number,
  ): object {
    const { dice } = this;
    const names = Object.keys(properties).filter((name) => required.includes(name) || dice.chance(0.35));
    const entries = names.map((name): [string, unknown] => [name, this.of(properties[name]!, name, depth + 1)]);
    if (additionalProperties) {
      const schema = additionalProperties === true ? {} : additionalProperties;
      const more = dice.integer(Math.max(0, minProperties - entries.length), Math.max(minProperties, 3));
      for (let i = 0; i < more; i++) entries.push([`${dice.pick(WORDS)}${i}`, this.of(schema, '', depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  private array({ items = {}, minItems = 0, maxItems = LONGEST }: Schema, depth: number): unknown[] {
    const length = this.dice.integer(minItems, Math.max(minItems, Math.min(maxItems, LONGEST)));
    return Array.from({ length }, () => this.of(items, '', depth + 1));
  }

  private text({ pattern, format, minLength = 0, maxLength = 40 }: Schema): string {
    const { dice } = this;
    if (format === 'date-time') return dice.pick(TIMES);
    if (pattern?.includes('[0-9]')) return String(dice.integer(0, 1000));
    const text = pattern ? `key-${dice.integer(0, 1e9)}` : dice.pick(WORDS);
    return text.slice(0, Math.max(minLength, maxLength)).padEnd(minLength, 'x');
  }

  private number({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema, whole: boolean): number {
    const { dice } = this;
    const [low, high] = [minimum ?? exclusiveMinimum ?? -100, maximum ?? exclusiveMaximum ?? 1000];
    if (whole) return dice.integer(low, Math.min(high, low + 20));
    if (minimum !== undefined && dice.chance(0.1)) return minimum;
    return low + (high - low) * (0.001 + 0.998 * dice.fraction());
  }
}
