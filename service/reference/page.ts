// The contract as one page for people: made on the server, without scripts, fonts or anything from elsewhere, so it works offline.
import { createHash } from 'node:crypto';
import { escapeHtml, inline, markdown } from './html.js';
import { fieldsHtml, notesHtml, type Schema, typeHtml } from './schema.js';

interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: Schema;
}
interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Answer {
  $ref?: string;
  description: string;
  content?: Record<string, Media>;
}
interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: { key: string[] }[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
}
interface OpenApi {
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, { parameters?: Parameter[] } & Record<string, unknown>>;
  components: {
    schemas: Record<string, Schema>;
    parameters: Record<string, Parameter>;
    responses: Record<string, Answer>;
  };
}
type Placed = Operation & { method: string; path: string; shared: Parameter[] };

const METHODS = ['get', 'post', 'patch', 'delete'];
const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:1rem}
code,pre{font:.9em/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.6rem;border:1px solid #8884;border-radius:4px}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border-bottom:1px solid #8884;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
section{border-top:2px solid #8886;margin-top:2rem}nav ul{columns:2}.method{font-weight:700;text-transform:uppercase}summary{cursor:pointer}`;

/** Of the page: nothing runs, nothing is loaded, nobody frames it. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** @param json the contract */
export function referencePage(json: string): string {
  const api = JSON.parse(json) as OpenApi;
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map(
      (method): Placed => ({ ...(item[method] as Operation), method, path, shared: item.parameters ?? [] }),
    ),
  );
  const { title, version, description } = api.info;
  const parts = api.tags.map((tag) => {
    const own = operations.filter(({ tags }) => tags.includes(tag.name));
    return `<section id="tag-${tag.name}"><h2>${escapeHtml(tag.name)}</h2>${markdown(tag.description)}${own.map((operation) => operationHtml(api, operation)).join('')}</section>`;
  });
  const schemas = Object.entries(api.components.schemas).map(
    ([name, schema]) =>
      `<article id="schema-${name}"><h3>${name}</h3><p>${typeHtml(schema)}</p><p>${notesHtml(schema)}</p>${fieldsHtml(schema)}</article>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} ${escapeHtml(version)} API</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(title)} ${escapeHtml(version)}</h1>${markdown(description)}
<nav><h2>Operations</h2><ul>${operations.map(entryHtml).join('')}</ul></nav>
${parts.join('\n')}
<section id="schemas"><h2>schemas</h2>${schemas.join('\n')}</section></body></html>
`;
}

const entryHtml = ({ operationId, summary }: Placed): string =>
  `<li><a href="#${operationId}">${escapeHtml(summary)}</a></li>`;

function operationHtml(api: OpenApi, operation: Placed): string {
  const { operationId, method, path, summary, description, security, requestBody } = operation;
  const parameters = [...operation.shared, ...(operation.parameters ?? [])].map((parameter) =>
    parameter.$ref ? api.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter,
  );
  const scope = security[0]?.key[0];
  const rows = parameters.map(
    ({ name, in: place, required, description: what, schema }) =>
      `<tr><td><code>${escapeHtml(name)}</code> in ${place}${required ? ' <em>required</em>' : ''}</td><td>${typeHtml(schema)}</td><td>${[inline(what ?? ''), notesHtml(schema)].filter((part) => part !== '').join('<br>')}</td></tr>`,
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, media]) =>
      `<h4>Body: <code>${escapeHtml(type)}</code>${media.schema ? `, ${typeHtml(media.schema)}` : ''}</h4>${examplesHtml(media)}`,
  );
  return `<article id="${operationId}"><h3>${escapeHtml(summary)}</h3>
<p><code><span class="method">${method}</span> ${escapeHtml(path)}</code>${scope ? ` · key of scope <code>${scope}</code>` : ' · no key'}</p>
${markdown(description)}${rows.length > 0 ? `<table><tbody>${rows.join('')}</tbody></table>` : ''}${bodies.join('')}
${answersHtml(api, operation.responses)}</article>`;
}

/** Success is shown, errors on demand. */
function answersHtml(api: OpenApi, responses: Record<string, Answer>): string {
  const rows = (wanted: (status: number) => boolean): string => {
    const chosen = Object.entries(responses).filter(([status]) => wanted(Number(status)));
    return `<table><tbody>${chosen.map(([status, answer]) => answerHtml(api, status, answer)).join('')}</tbody></table>`;
  };
  const errors = Object.keys(responses).filter((status) => Number(status) >= 400);
  return `${rows((status) => status < 400)}<details><summary>errors: ${errors.join(', ')}</summary>${rows((status) => status >= 400)}</details>`;
}

function answerHtml(api: OpenApi, status: string, given: Answer): string {
  const answer = given.$ref ? api.components.responses[given.$ref.split('/').at(-1)!]! : given;
  const content = Object.entries(answer.content ?? {});
  const types = content.map(
    ([type, { schema }]) => `<code>${escapeHtml(type)}</code>${schema ? ` ${typeHtml(schema)}` : ''}`,
  );
  const examples = given.$ref ? '' : content.map(([, media]) => examplesHtml(media)).join('');
  return `<tr><td>${status}</td><td>${inline(answer.description)}${examples}</td><td>${types.join('<br>')}</td></tr>`;
}

function examplesHtml({ example, examples = {} }: Media): string {
  const all = [
    ...(example === undefined ? [] : [['example', example] as const]),
    ...Object.entries(examples).map(([name, { value }]) => [name, value] as const),
  ];
  return all
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
      return `<details><summary>${escapeHtml(name)}</summary><pre>${escapeHtml(text)}</pre></details>`;
    })
    .join('');
}
