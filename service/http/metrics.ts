// What the service does, in numbers for Prometheus: requests by route, predictions, jobs, the database and the process.
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Services } from '../services.js';

/** Upper ends of the histogram's classes, in seconds: reads take a ms, predictions up to a minute. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** One registry an application: several servers in one process do not count each other's requests. */
export function watchRequests(app: FastifyInstance): Registry {
  const registry = new Registry();
  const requests = new Counter({
    name: 'omnireg_http_requests_total',
    help: 'Requests that were answered, by path of the contract; "other" has none.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'omnireg_http_request_duration_seconds',
    help: 'From a request’s headers to the end of its answer. Event streams are left out.',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    // Of paths only those of the contract: what strangers try would be a new series each.
    const labels = { method: request.method, route: request.routeOptions.config.path ?? 'other' };
    requests.inc({ ...labels, status: reply.statusCode });
    const type = String(reply.getHeader('content-type') ?? '');
    if (!type.startsWith('text/event-stream')) seconds.observe(labels, reply.elapsedTime / 1000);
  });
  return registry;
}

/** Adds what is counted elsewhere, read when somebody asks. */
export function watchServices(registry: Registry, { store, predictor, streams, version }: Services): void {
  collectDefaultMetrics({ register: registry });
  const gauge = (
    name: string,
    help: string,
    collect: (gauge: Gauge) => void | Promise<void>,
    labelNames: string[] = [],
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        return collect(this);
      },
    });
  gauge('omnireg_build_info', 'Always 1; the version is a label.', (it) => it.set({ version }, 1), ['version']);
  gauge(
    'omnireg_jobs',
    'Trainings and evaluations in the database, by status.',
    async (it) => {
      for (const [status, jobs] of Object.entries(await store.countJobs())) it.set({ status }, jobs);
    },
    ['status'],
  );
  gauge('omnireg_event_streams', 'Event streams that are open.', (it) => it.set(streams.open));
  gauge('omnireg_database_bytes', 'Size of the database, without its write-ahead log.', async (it) =>
    it.set(await store.sizeBytes()),
  );
  gauge(
    'omnireg_prediction_queries_waiting',
    'Queries of predictions that are worked on or wait; short requests and long ones stand in lines of their own.',
    (it) => {
      for (const [line, queries] of Object.entries(predictor.waiting())) it.set({ line }, queries);
    },
    ['line'],
  );
  const answered = new Counter({
    name: 'omnireg_prediction_queries_total',
    help: 'Queries of predictions that the model has answered.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(predictor.answered());
    },
  });
  answered.inc(0);
}
