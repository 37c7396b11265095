// Handlers of imports: tables of any size as trials, in one request or in many.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Import, JsonObject, NewImport, Objective } from '../../store/types.js';
import type { ContractRequest, Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { writeOnce } from '../idempotency.js';
import type { CsvRequest, ImportRequest } from '../imports/request.js';
import { presentImport, presentImportState, presentPage, presentReject } from '../present.js';
import { parseSpace } from '../search-space-input.js';
import { existingStudy, type Services } from '../services.js';
import { pageRequest, refuseDoubleNames } from './studies.js';

type ImportHandlers = Pick<
  Handlers,
  'createImport' | 'listImports' | 'getImport' | 'appendToImport' | 'cancelImport' | 'listImportErrors'
>;
type Schemas = components['schemas'];
type Query = ContractRequest<'createImport'>['query'];

/** Rejected rows that an answer lists itself. */
const SHOWN_REJECTS = 20;
const FORMATS: Record<string, ImportRequest['format']> = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' };
const NO_CSV: CsvRequest = { ignore: [], infeasible: [], missing: [], decimalComma: false };

export function importHandlers({ store, imports }: Services): ImportHandlers {
  async function existing(id: string): Promise<Import> {
    const found = await store.getImport(id);
    if (found === null)
      throw new ServiceError('import_not_found', `${id} is not the id of an import; GET /v1/imports lists them`);
    return found;
  }

  const headersOf = ({ id, bytes }: Import) => ({ location: `/v1/imports/${id}`, 'upload-offset': String(bytes) });

  async function stateOf(made: Import): Promise<Schemas['ImportState']> {
    const rejects =
      made.rejected === 0 ? [] : (await store.listRejects(made.id, { after: -1, limit: SHOWN_REJECTS })).data;
    return presentImportState(made, rejects);
  }

  /** The import of a request that brings its rows along: a new one, or the one that the same request made before. */
  async function importOf(
    made: Omit<NewImport, 'key'>,
    raw: FastifyRequest,
  ): Promise<{ import: Import; again: boolean }> {
    const sent = raw.headers['idempotency-key'];
    const owner = raw.principal?.id;
    const value = typeof sent === 'string' ? [...(owner ? [owner] : []), sent].join(' ') : null;
    const requestHash = createHash('sha256')
      .update(`${raw.method} ${raw.url}\n${raw.headers['content-type']}`)
      .digest('base64');
    const before = value === null ? null : await store.importOfKey(value);
    if (before !== null) {
      if (before.requestHash === requestHash) return { import: before.import, again: true };
      const detail = `${String(sent)} was used for another import; use a new key for every new one`;
      throw new ServiceError('idempotency_key_reused', detail);
    }
    const written = await store.createImport({ ...made, key: value === null ? null : { value, requestHash } });
    if (written.replayed) throw new TypeError('an import without an idempotency record cannot be replayed');
    return { import: written.value, again: false };
  }

  return {
    async createImport({ query, body, stream, raw }) {
      if (stream === null) {
        if (Object.keys(withoutDefaults(query)).length > 0) throw invalidRequest([queryBesideJson(query)]);
        const made = fromJson(body as Schemas['ImportCreate']);
        if (made.studyId !== null) await existingStudy(store, made.studyId);
        return writeOnce(
          raw,
          (done: Import) => ({ status: 201 as const, headers: headersOf(done), body: presentImportState(done, []) }),
          (once) => store.createImport({ ...made, key: null }, once),
        );
      }
      const made = fromQuery(query, FORMATS[stream.type]!);
      if (made.studyId !== null) await existingStudy(store, made.studyId);
      // Before there is an import that nobody will go on with.
      imports.admit();
      const { import: started, again } = await importOf(made, raw);
      if (started.status === 'completed' || started.status === 'cancelled') {
        stream.bytes.resume();
        const headers = { ...headersOf(started), 'idempotency-replayed': 'true' };
        return { status: 201, headers, body: await stateOf(started) };
      }
      const done = await imports.receive(started.id, stream.bytes, { whole: true, from: again ? null : 0 });
      return { status: 201, headers: headersOf(done), body: await stateOf(done) };
    },

    async listImports({ query }) {
      const { status, source } = query;
      if (status !== undefined && source !== undefined) {
        const fix = 'Send one of the two.';
        throw invalidRequest([fieldError('query/source', 'conflict', 'stands beside status', fix)]);
      }
      const filter = status !== undefined ? { status } : source !== undefined ? { source } : undefined;
      const page = await store.listImports(pageRequest(query), filter);
      return { status: 200, body: presentPage(page, presentImport) };
    },

    async getImport({ path }) {
      const found = await existing(path.import_id);
      return { status: 200, headers: headersOf(found), body: await stateOf(found) };
    },

    async appendToImport({ path, stream, raw }) {
      const found = await existing(path.import_id);
      const { format } = found.request as unknown as ImportRequest;
      const { bytes, type } = stream!;
      if (FORMATS[type] !== format)
        throw new ServiceError('unsupported_media_type', `${found.id} takes ${format}, not ${type}`);
      const offset = Number(raw.headers['upload-offset'] ?? 0);
      if (offset !== found.bytes) {
        const detail = `${found.id} is at byte ${found.bytes}, not at ${offset}; go on there`;
        throw new ServiceError('upload_offset_mismatch', detail, { headers: headersOf(found) });
      }
      if (found.status === 'completed' || found.status === 'cancelled')
        throw new ServiceError(
          'import_not_open',
          `${found.id} is ${found.status}; make a new one with POST /v1/imports`,
        );
      const whole = raw.headers['upload-complete'] !== '?0';
      const done = await imports.receive(found.id, bytes, { whole, from: offset });
      return { status: 200, headers: headersOf(done), body: await stateOf(done) };
    },

    async cancelImport({ path, raw }) {
      await existing(path.import_id);
      return writeOnce(
        raw,
        (done: Import) => ({ status: 200 as const, body: presentImport(done) }),
        (once) => store.cancelImport(path.import_id, once),
      );
    },

    async listImportErrors({ path, query }) {
      const { id } = await existing(path.import_id);
      const { data, hasMore } = await store.listRejects(id, { after: query.after ?? -1, limit: query.limit ?? 100 });
      return { status: 200, body: { object: 'list', data: data.map(presentReject), has_more: hasMore } };
    },
  };
}

/** @throws invalid_request */
function fromJson(body: Schemas['ImportCreate']): Omit<NewImport, 'key'> {
  const { format, study, study_id: studyId, source, on_error: onError = 'skip', csv } = body;
  const errors: FieldError[] = [];
  if ((study === undefined) === (studyId === undefined)) {
    const code = study === undefined ? 'missing_field' : 'conflict';
    const detail = study === undefined ? 'is missing' : 'stands beside study_id';
    errors.push(fieldError('/study', code, detail, 'Send "study" to make one, or "study_id" to add to one.'));
  }
  if (csv !== undefined && format !== 'csv')
    errors.push(fieldError('/csv', 'conflict', 'stands beside another format', 'Remove it.'));
  if (csv?.columns && (csv.ignore || csv.status_column !== undefined)) {
    const fix = 'Give these columns their roles in "columns".';
    errors.push(fieldError('/csv/columns', 'conflict', 'stands beside ignore or status_column', fix));
  }
  if (errors.length > 0) throw invalidRequest(errors);
  if (study?.objectives) refuseDoubleNames(study.objectives, '/study/objectives');
  if (study?.search_space) parseSpace(study.search_space, '/study/search_space');
  return toImport(
    {
      format,
      onError,
      study: study
        ? {
            name: study.name,
            metadata: (study.metadata ?? {}) as JsonObject,
            objectives: study.objectives ?? null,
            ...(study.search_space && { searchSpace: study.search_space as JsonObject }),
          }
        : null,
      csv: {
        ...NO_CSV,
        ...(csv?.delimiter !== undefined && { delimiter: csv.delimiter }),
        ...(csv?.header !== undefined && { header: csv.header }),
        ...(csv?.columns && { columns: csv.columns }),
        ...(csv?.ignore && { ignore: csv.ignore }),
        ...(csv?.status_column !== undefined && { statusColumn: csv.status_column }),
        ...(csv?.infeasible && { infeasible: csv.infeasible }),
        ...(csv?.missing && { missing: csv.missing }),
        decimalComma: csv?.decimal_comma ?? false,
      },
    },
    studyId ?? null,
    source ?? null,
  );
}

/** @throws invalid_request */
function fromQuery(query: Query, format: ImportRequest['format']): Omit<NewImport, 'key'> {
  const { study_id: studyId, name, objective, source } = query;
  const errors: FieldError[] = [];
  if ((name === undefined) === (studyId === undefined)) {
    const code = name === undefined ? 'missing_field' : 'conflict';
    const detail = name === undefined ? 'is missing' : 'stands beside study_id';
    errors.push(fieldError('query/name', code, detail, 'Send "name" to make a study, or "study_id" to add to one.'));
  }
  if (objective && studyId !== undefined) {
    const fix = 'Remove it: the study has its objectives.';
    errors.push(fieldError('query/objective', 'conflict', 'stands beside study_id', fix));
  }
  if (errors.length > 0) throw invalidRequest(errors);
  const objectives: Objective[] | null = objective?.map((one) => ({ name: one })) ?? null;
  return toImport(
    {
      format,
      onError: query.on_error ?? 'skip',
      study: name === undefined ? null : { name, metadata: {}, objectives },
      csv: {
        ...NO_CSV,
        ...(query.delimiter !== undefined && { delimiter: query.delimiter }),
        ...(query.header !== undefined && { header: query.header }),
        ...(query.ignore && { ignore: query.ignore }),
        ...(query.status_column !== undefined && { statusColumn: query.status_column }),
        ...(query.infeasible && { infeasible: query.infeasible }),
        ...(query.missing && { missing: query.missing }),
        decimalComma: query.decimal_comma ?? false,
      },
    },
    studyId ?? null,
    source ?? null,
  );
}

function toImport(request: ImportRequest, studyId: string | null, source: string | null): Omit<NewImport, 'key'> {
  return { request: request as unknown as JsonObject, studyId, source, plan: null };
}

/** What was really sent: validation fills in what has a default. */
function withoutDefaults({ on_error: onError, decimal_comma: comma, ...rest }: Query): object {
  return { ...rest, ...(onError === 'abort' && { onError }), ...(comma === true && { comma }) };
}

function queryBesideJson(query: Query): FieldError {
  const [name] = Object.keys(withoutDefaults(query));
  return fieldError(`query/${name}`, 'conflict', 'stands beside a JSON body', 'Say it in the body.');
}
