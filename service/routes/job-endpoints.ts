// What all kinds of jobs answer alike: made, listed, read, cancelled, followed. A kind brings its name, its place and its words.
import type { FastifyRequest } from 'fastify';
import { StoreError } from '../../store/errors.js';
import type { Store } from '../../store/store.js';
import type { Job, JobEvent, JobKind } from '../../store/types.js';
import { ifMatch } from '../conditional.js';
import { fieldError, invalidRequest, type ServiceError } from '../errors.js';
import { writeOnce } from '../idempotency.js';
import { presentPage } from '../present.js';
import type { Services } from '../services.js';
import { firstEvent, streamAnswer, wantsStream } from './event-stream.js';
import { pageRequest } from './studies.js';

export interface JobKindInfo<Presented extends { id: string }, PresentedEvent extends object> {
  kind: JobKind;
  /** Path of the collection: `/v1/evaluations`. */
  path: string;
  notFound: (id: string) => ServiceError;
  /** A job and its events in the contract's words. */
  present: { job: (job: Job) => Presented; event: (event: JobEvent) => PresentedEvent };
}

/** What the body names was there when it was checked, and was deleted meanwhile. */
function named(error: unknown): never {
  const code = error instanceof StoreError ? error.code : undefined;
  if (code !== 'study_not_found' && code !== 'model_not_found') throw error;
  const place = code === 'study_not_found' ? '/studies' : '/parent';
  const detail = 'names what was deleted just now';
  throw invalidRequest([fieldError(place, 'not_found', detail, 'Leave it out, and send the request again.')]);
}

type NewJob = Omit<Parameters<Store['createJob']>[0], 'kind'>;

export function jobEndpoints<Presented extends { id: string }, PresentedEvent extends object>(
  services: Services,
  { kind, path, notFound, present }: JobKindInfo<Presented, PresentedEvent>,
) {
  const { store, jobs } = services;
  const existing = async (id: string): Promise<Job> => {
    const job = await store.getJob(id);
    if (job?.kind !== kind) throw notFound(id);
    return job;
  };
  return {
    /** @throws the kind's `notFound` where the id is that of nothing, or of a job of another kind */
    existing,

    /** 202 and where to look; whoever runs jobs is told. */
    async create(job: NewJob, raw: FastifyRequest) {
      const answer = await writeOnce(
        raw,
        (made: Job) => ({
          status: 202 as const,
          headers: { location: `${path}/${made.id}` },
          body: present.job(made),
        }),
        (once) => store.createJob({ ...job, kind }, once).catch(named),
      );
      jobs.wake();
      return answer;
    },

    async list(query: Parameters<typeof pageRequest>[0]) {
      const page = await store.listJobs(pageRequest(query), { kind });
      return { status: 200 as const, body: presentPage(page, present.job) };
    },

    async get(id: string) {
      return { status: 200 as const, body: present.job(await existing(id)) };
    },

    async cancel(id: string, raw: FastifyRequest) {
      await existing(id);
      const answer = await writeOnce(
        raw,
        (job: Job) => ({ status: 200 as const, body: present.job(job) }),
        (once) => store.cancelJob(id, once, ifMatch(raw, present.job)),
      );
      jobs.cancel(id);
      return answer;
    },

    /** A page of events, or a stream of them to whoever asks for one. */
    async events(id: string, query: { after?: number; limit?: number }, raw: FastifyRequest) {
      const job = await existing(id);
      const after = firstEvent(query, raw);
      if (wantsStream(raw)) return streamAnswer(services, job.id, after, present);
      const { data, hasMore } = await store.listEvents(job.id, { after, limit: query.limit ?? 100 });
      return {
        status: 200 as const,
        body: { object: 'list' as const, data: data.map(present.event), has_more: hasMore },
      };
    },
  };
}
