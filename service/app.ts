// The HTTP application, put together from its parts; it opens no file and no socket itself.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { accessPlugin } from './access/access-plugin.js';
import { contractPlugin } from './contract/contract-plugin.js';
import { loadContract } from './contract/load-contract.js';
import { ServiceError } from './errors.js';
import { answerBrokenRequest } from './http/broken-requests.js';
import { corsPlugin } from './http/cors-plugin.js';
import { limitsPlugin } from './http/limits-plugin.js';
import { watchRequests, watchServices } from './http/metrics.js';
import { answeredOnce } from './idempotency.js';
import { problemsPlugin, sendProblem } from './problems-plugin.js';
import { requestTimeoutPlugin } from './request-timeout.js';
import { evaluationHandlers } from './routes/evaluations.js';
import { explanationHandlers } from './routes/explanations.js';
import { healthHandlers } from './routes/health.js';
import { importHandlers } from './routes/imports.js';
import { jobHandlers } from './routes/jobs.js';
import { keyHandlers } from './routes/keys.js';
import { modelHandlers } from './routes/models.js';
import { operationsHandlers } from './routes/operations.js';
import { predictionHandlers } from './routes/predictions.js';
import { studyHandlers } from './routes/studies.js';
import { suggestionHandlers } from './routes/suggestions.js';
import { textPredictionHandlers } from './routes/text-predictions.js';
import type { Services } from './services.js';

/** A connection on which nothing moves for so long is closed, in ms. */
const SILENCE_MS = 660_000;
/** How long headers alone may take at most, in ms. */
const HEADERS_MS = 60_000;
/** How often connections are looked at, in ms. */
const CHECK_MS = 5000;

/** What the client calls the request, where that is fit for headers and logs; else a new name. */
function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && /^[\w.:/+=@-]{1,128}$/.test(sent) ? sent : randomUUID();
}

/** @returns an application ready to listen, or to be asked with `inject` in tests */
export async function buildApp(parts: Omit<Services, 'version' | 'closing' | 'streams'>): Promise<FastifyInstance> {
  const { config } = parts;
  const contract = loadContract();
  const app = Fastify({
    bodyLimit: config.maxBodyBytes,
    // Longer than any answer is waited for: who does not read theirs is let go.
    connectionTimeout: SILENCE_MS,
    http: {
      headersTimeout: Math.min(config.requestTimeoutMs, HEADERS_MS),
      connectionsCheckingInterval: Math.min(config.requestTimeoutMs, CHECK_MS),
    },
    clientErrorHandler: answerBrokenRequest,
    // Answered here, in the contract's words.
    return503OnClosing: false,
    // HEAD would run a handler for nothing, and on an event stream for ever.
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: false,
    // Connections that only wait are closed with the server; those with a request are answered first.
    forceCloseConnections: 'idle',
    frameworkErrors: sendProblem,
    genReqId: requestId,
    logger: { level: config.logLevel, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: !['debug', 'info'].includes(config.logLevel) }),
  });
  app.addHook('onRequest', async (request, reply) => {
    // What is data stays data: no browser is to guess that it is a page.
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  });
  // Event streams would keep a closing server waiting for ever.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onRequest', async () => {
    if (!closing.signal.aborted) return;
    const headers = { 'retry-after': '1', connection: 'close' };
    throw new ServiceError('shutting_down', 'The server is stopping; send the request again when it is back', {
      headers,
    });
  });
  const metrics = watchRequests(app);
  const services: Services = {
    ...parts,
    version: contract.version,
    closing: closing.signal,
    streams: { open: 0 },
  };
  watchServices(metrics, services);
  const asking = {
    ...predictionHandlers(services),
    ...textPredictionHandlers(services),
    ...suggestionHandlers(services),
    ...explanationHandlers(services),
  };
  const computing = {
    predictText: answeredOnce(services.store, asking.predictText),
    predict: answeredOnce(services.store, asking.predict),
    rank: answeredOnce(services.store, asking.rank),
    suggest: answeredOnce(services.store, asking.suggest),
    explain: answeredOnce(services.store, asking.explain),
  };
  const handlers = {
    ...healthHandlers(services),
    ...operationsHandlers(metrics),
    ...studyHandlers(services),
    ...computing,
    ...importHandlers(services),
    ...jobHandlers(services),
    ...evaluationHandlers(services),
    ...modelHandlers(services),
    ...keyHandlers(services),
  };
  await app.register(problemsPlugin);
  await app.register(requestTimeoutPlugin, { timeoutMs: config.requestTimeoutMs });
  await app.register(corsPlugin, config);
  await app.register(accessPlugin, services);
  await app.register(limitsPlugin, config);
  await app.register(contractPlugin, { contract, handlers, config });
  return app;
}
