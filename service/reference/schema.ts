// A JSON schema of the contract as HTML: its type in words, its fields as a table, names linked to where they are explained.
import { escapeHtml, inline } from './html.js';

export interface Schema {
  $ref?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  [keyword: string]: unknown;
}

/** Keywords that limit a value, and how they are said. */
const LIMITS: Record<string, string> = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
  minLength: 'shortest',
  maxLength: 'longest',
  minItems: 'fewest',
  maxItems: 'most',
  minProperties: 'fewest',
  maxProperties: 'most',
  pattern: 'matches',
};

/** `array of <a>Study</a> or null` */
export function typeHtml(schema: Schema): string {
  if (schema.$ref) return link(schema.$ref);
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((value) => `<code>${escapeHtml(JSON.stringify(value))}</code>`).join(' or ');
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map(typeHtml).join(' or ');
  if (schema.allOf) return schema.allOf.map(typeHtml).join(' and ');
  return [schema.type ?? 'any value']
    .flat()
    .map((type) => ofType(type, schema))
    .join(' or ');
}

function ofType(type: string, { items, additionalProperties, properties }: Schema): string {
  if (type === 'array') return items ? `array of ${typeHtml(items)}` : 'array';
  if (type === 'object' && !properties && typeof additionalProperties === 'object')
    return `object of ${typeHtml(additionalProperties)}`;
  return escapeHtml(type);
}

/** A table of the schema's fields, of nested objects too; nothing where it has none. */
export function fieldsHtml(schema: Schema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return '';
  return `<table><thead><tr><th>field</th><th>type</th><th>what it is</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function rowsOf(schema: Schema, prefix: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const needed = schema.required?.includes(name) ? ' <em>required</em>' : '';
    const nested = field.items?.properties ? rowsOf(field.items, `${path}[].`) : rowsOf(field, `${path}.`);
    return [
      `<tr><td><code>${escapeHtml(path)}</code>${needed}</td><td>${typeHtml(field)}</td><td>${notesHtml(field)}</td></tr>`,
      ...(field.$ref ? [] : nested),
    ];
  });
  return [...(schema.allOf ?? []).flatMap((part) => rowsOf(part, prefix)), ...own];
}

/** Description, limits and default of a value. */
export function notesHtml(schema: Schema): string {
  const limits = Object.entries(LIMITS).filter(([keyword]) => schema[keyword] !== undefined);
  const said = limits.map(([keyword, words]) => `${words} <code>${escapeHtml(String(schema[keyword]))}</code>`);
  if (schema.default !== undefined) said.push(`default <code>${escapeHtml(JSON.stringify(schema.default))}</code>`);
  const description = schema.description ? inline(schema.description.trim()) : '';
  return [description, said.join(', ')].filter((part) => part !== '').join('<br>');
}

/** A link to the schema that a reference names. */
export function link(ref: string): string {
  const name = escapeHtml(ref.split('/').at(-1)!);
  return `<a href="#schema-${name}">${name}</a>`;
}
